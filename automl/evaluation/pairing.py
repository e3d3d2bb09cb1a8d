"""Trials, of one or of several experiments, on the pictures that both of a pair answered for."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl.evaluation import decisions
from automl.evaluation.predictions import Predictions


class Pairs(NamedTuple):
    """Positions (P,) of the same pictures among the answers of two trials."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]


class Named(NamedTuple):
    """Answers of a trial with the contents of its pictures (N,) and the names of its classes (K,).

    Classes of equal names count as one.
    """

    predictions: Predictions
    contents: Sequence[str]
    class_names: Sequence[str]


class Shared(NamedTuple):
    """Answers of two trials for the same pictures and classes, with the labels of the second."""

    first: Predictions
    second: Predictions
    num_relabelled: int
    """Pictures to which the two give different labels."""


class Difference(NamedTuple):
    """A setting with different values, one a trial; None if a trial does not have it."""

    name: str
    values: tuple[Any, ...]


def pair(first_hashes: Sequence[str], second_hashes: Sequence[str]) -> Pairs:
    """Pair pictures by their content hashes; of copies the first one is taken."""
    second_positions = {
        content: position for position, content in reversed(list(enumerate(second_hashes)))
    }
    first_positions: dict[str, int] = {}
    for position, content in enumerate(first_hashes):
        if content in second_positions:
            first_positions.setdefault(content, position)
    return Pairs(
        np.array(list(first_positions.values()), dtype=np.int64),
        np.array([second_positions[content] for content in first_positions], dtype=np.int64),
    )


def on_shared(first: Named, second: Named) -> Shared:
    """The answers for the pictures that both answered for, on the classes of both."""
    names = sorted({*first.class_names, *second.class_names})
    pairs = pair(first.contents, second.contents)
    before, after = (
        _on_classes(each, names, rows) for each, rows in zip((first, second), pairs, strict=True)
    )
    is_changed = before.labels != after.labels
    num_relabelled = int((is_changed if is_changed.ndim == 1 else is_changed.any(axis=1)).sum())
    by_second = Predictions(after.sample_ids, after.labels, before.probabilities)
    return Shared(by_second, after, num_relabelled)


def _on_classes(answers: Named, names: Sequence[str], rows: NDArray[np.int64]) -> Predictions:
    """Rows of the answers with a column for each of the names, 0 for classes that they lack."""
    predictions = answers.predictions
    column = np.array([names.index(name) for name in answers.class_names])
    belongs = np.zeros((len(column), len(names)), np.float32)
    belongs[np.arange(len(column)), column] = 1
    labels = predictions.labels[rows]
    if predictions.has_label_sets:
        labels = labels.astype(np.float32) @ belongs > 0
    else:
        labels = column[labels]
    probabilities = np.minimum(predictions.probabilities[rows] @ belongs, 1)
    return Predictions(predictions.sample_ids[rows], labels, probabilities)


def only_right(pairs: Pairs, first: Predictions, second: Predictions) -> NDArray[np.bool_]:
    """(P,) True where the first trial is right and the second one is wrong."""
    is_right, other_is_right = (
        decisions.is_right(each.probabilities, each.labels) for each in (first, second)
    )
    return np.asarray(is_right[pairs.first] & ~other_is_right[pairs.second])


def differences(*settings: Mapping[str, Any]) -> list[Difference]:
    """Return the settings, given once for each trial, whose values differ, sorted by name."""
    names = sorted({name for each in settings for name in each})
    found = [Difference(name, tuple(each.get(name) for each in settings)) for name in names]
    return [each for each in found if any(value != each.values[0] for value in each.values)]
