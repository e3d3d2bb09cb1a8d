"""The score of a simple model before any search, and what it shows about the data. Pure.

The model is a linear probe on frozen features. Every picture was answered for by a probe of the
other folds, so that the answers say something about the labels too.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from automl.evaluation import (
    comparable_scores,
    confusion,
    doubtful_labels,
    expected_score,
    significance,
)
from automl.evaluation.comparable_scores import Candidate
from automl.evaluation.predictions import Predictions
from automl.frozen_model import FrozenModel

_METRIC = "accuracy"
_NUM_CONFUSIONS = 10


class ClassRecall(FrozenModel):
    """One class: its pictures, and how many of them the probe knows."""

    name: str
    num_pictures: int
    num_right: int


class ConfusedPair(FrozenModel):
    """Pictures of one class that the probe takes for another."""

    true: str
    predicted: str
    num_pictures: int


class DoubtfulLabel(FrozenModel):
    """A picture whose label is probably wrong (see `doubtful_labels.suspects`)."""

    path: str
    label: str
    suggested: str
    probability: float
    """Of the suggested class."""

    given_probability: float
    """Of the label."""


class FirstScore(FrozenModel):
    """Accuracy of a linear probe on frozen features, by cross-validation."""

    model_name: str
    side: int
    """Side of the pictures in pixels."""

    num_pictures: int
    """Pictures that were answered for."""

    score: float
    low: float | None
    high: float | None
    """95 % interval; None if there are too few pictures for one."""

    majority_share: float
    """Accuracy of always answering the most frequent class."""

    recalls: list[ClassRecall]
    """The weakest first."""

    confused: list[ConfusedPair]
    """The most frequent first, at most 10."""

    doubtful: list[DoubtfulLabel]
    """The clearest first."""

    predicted: dict[str, str]
    """Predicted class by path, of every picture that was answered for."""


class Change(FrozenModel):
    """A first score before and after corrections, on the pictures that both answered for."""

    num_pictures: int
    before: float
    after: float
    """Accuracies, both by the labels after the corrections."""

    p_value: float
    """Probability of so large a difference if both are equally good (exact test of McNemar)."""


def summary(  # noqa: PLR0913
    predictions: Predictions,
    class_names: Sequence[str],
    paths: Sequence[str],
    *,
    model_name: str,
    side: int,
    share: float,
) -> FirstScore:
    """Summarise out-of-fold answers.

    Args:
        predictions: N answers, each from a probe that has not seen the picture.
        class_names: by class index.
        paths: (N,) of the pictures.
        model_name: network of the features.
        side: of the pictures, in pixels.
        share: training pictures of each probe as a share of all.
    """
    labels, predicted = predictions.labels, predictions.predicted
    matrix = confusion.matrix(labels, predicted, len(class_names))
    low, high = _interval(predictions, share)
    return FirstScore(
        model_name=model_name,
        side=side,
        num_pictures=len(labels),
        score=float((predicted == labels).mean()),
        low=low,
        high=high,
        majority_share=float(matrix.sum(axis=1).max() / len(labels)),
        recalls=_recalls(matrix, class_names),
        confused=[
            ConfusedPair(
                true=class_names[pair.true],
                predicted=class_names[pair.predicted],
                num_pictures=pair.num_pictures,
            )
            for pair in confusion.most_confused(matrix, _NUM_CONFUSIONS)
        ],
        doubtful=[
            DoubtfulLabel(
                path=paths[suspect.position],
                label=class_names[labels[suspect.position]],
                suggested=class_names[suspect.suggested],
                probability=suspect.probability,
                given_probability=suspect.given_probability,
            )
            for suspect in doubtful_labels.suspects([predictions.probabilities], labels)
        ],
        predicted={
            path: class_names[index] for path, index in zip(paths, predicted.tolist(), strict=True)
        },
    )


def change(before: FirstScore, after: FirstScore, labels: dict[str, str]) -> Change | None:
    """What corrections did to the score; None if the two share no picture.

    Args:
        before: first score before the corrections.
        after: first score with them.
        labels: by path, after the corrections.
    """
    paths = [path for path in after.predicted if path in before.predicted and path in labels]
    if not paths:
        return None
    was_right, is_right = (
        np.array([score.predicted[path] == labels[path] for path in paths])
        for score in (before, after)
    )
    everything_right = np.zeros(len(paths), np.int64)
    p_value = significance.p_value_of_difference(
        _METRIC, _as_answers(was_right), _as_answers(is_right), everything_right
    )
    assert p_value is not None  # the answers are finite
    return Change(
        num_pictures=len(paths),
        before=float(was_right.mean()),
        after=float(is_right.mean()),
        p_value=p_value,
    )


def _as_answers(is_right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(N, 2): certain answers of class 0 where right."""
    return np.stack([is_right, ~is_right], axis=1).astype(np.float64)


def _interval(predictions: Predictions, share: float) -> tuple[float | None, float | None]:
    comparison = comparable_scores.compare(_METRIC, [Candidate("", predictions, share)])
    found = None if comparison is None else expected_score.expected_score(comparison, 0)
    return (None, None) if found is None else (found.low, found.high)


def _recalls(matrix: NDArray[np.int64], class_names: Sequence[str]) -> list[ClassRecall]:
    scores = confusion.class_scores(matrix)
    present = np.flatnonzero(scores.support)
    order = present[np.argsort(scores.recall[present], kind="stable")].tolist()
    return [
        ClassRecall(
            name=class_names[index],
            num_pictures=int(scores.support[index]),
            num_right=int(matrix[index, index]),
        )
        for index in order
    ]
