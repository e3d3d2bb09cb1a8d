"""From features to the pictures to label next, with a guess for each."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl.evaluation.decisions import THRESHOLD
from automl.evaluation.label_next import Suggestion
from automl.labelling import forecast, queries
from automl.labelling.queries import Positions
from automl.model import linear_probe

_MOST_OBSERVED = 2_000
"""Labelled pictures that forecasts are made from: many probes are fitted to them."""

_WAVERS_BELOW = 0.5
"""Margin of two classes below which a picture is said to be between them."""


class Labelled(NamedTuple):
    """Pictures with a label."""

    features: NDArray[np.float32]
    """(L, D)."""

    labels: NDArray[np.int64]
    """(L,) class indices; of label sets (L, K), True for each label of a picture."""

    class_names: list[str]

    @property
    def has_sets(self) -> bool:
        """True if the pictures have any number of labels."""
        return self.labels.ndim == 2

    @property
    def can_teach(self) -> bool:
        """True if there are two classes to tell apart, or a label that some pictures lack."""
        return len(np.unique(self.labels, axis=0)) > 1

    @property
    def can_forecast(self) -> bool:
        """True if there are enough pictures of one label each to say what more labels are worth."""
        return self.can_teach and not self.has_sets and len(self.labels) >= forecast.FEWEST


def suggested(
    paths: Sequence[str],
    features: NDArray[np.float32],
    labelled: Labelled | None,
    count: int,
    seed: int = 0,
) -> list[Suggestion]:
    """The pictures to label next.

    Without labels of two classes they are typical ones: the centres of clusters.

    Args:
        paths: N pictures without a label.
        features: (N, D) of them.
        labelled: what is known; None: nothing.
        count: of the suggestions, fewer if there are fewer pictures.
        seed: of the choice.
    """
    if labelled is None or not labelled.can_teach:
        chosen = queries.central(features, count, seed)
        return [Suggestion(path=paths[row], why="typical") for row in chosen.tolist()]
    names = labelled.class_names
    probe = linear_probe.fit(labelled.features, labelled.labels, len(names), seed=seed)
    if labelled.has_sets:
        shares = probe.of_labels(features)
        chosen = queries.unsure(features, queries.margins_of_sets(shares), count, seed)
        return [_with_labels(paths[row], shares[row], names) for row in chosen.tolist()]
    shares, of_known = (probe.probabilities(each) for each in (features, labelled.features))
    chosen = queries.informative(features, labelled.features, shares, of_known, count)
    return _with_guesses(chosen, paths, shares[chosen], names)


def _with_guesses(
    chosen: Positions, paths: Sequence[str], shares: NDArray[np.float32], names: list[str]
) -> list[Suggestion]:
    order = np.argsort(-shares, axis=1, kind="stable")
    return [
        Suggestion(
            path=paths[row],
            guess=names[first],
            probability=round(float(each[first]), 4),
            second=names[second],
            why="unsure" if each[first] - each[second] < _WAVERS_BELOW else "typical",
        )
        for row, each, (first, second) in zip(
            chosen.tolist(), shares, order[:, :2].tolist(), strict=True
        )
    ]


def _with_labels(path: str, shares: NDArray[np.float32], names: list[str]) -> Suggestion:
    least_sure = int(np.abs(shares - THRESHOLD).argmin())
    return Suggestion(
        path=path,
        guess=[name for name, share in zip(names, shares, strict=True) if share >= THRESHOLD],
        probability=round(float(shares[least_sure]), 4),
        second=names[least_sure],
        why="unsure",
    )


def observed(labelled: Labelled, seed: int = 0) -> tuple[forecast.Answered, forecast.Runs]:
    """Errors of probes on parts of the labelled pictures, see `forecast.observe`."""
    rows = np.random.default_rng(seed).permutation(len(labelled.labels))[:_MOST_OBSERVED]
    features, labels = labelled.features[rows], labelled.labels[rows]
    num_classes = len(labelled.class_names)

    def fit(rows: NDArray[np.int64]) -> NDArray[np.int64]:
        probe = linear_probe.fit(features[rows], labels[rows], num_classes)
        answers: NDArray[np.int64] = probe.probabilities(features).argmax(axis=1)
        return answers

    return forecast.observe(fit, labels, num_classes, seed)
