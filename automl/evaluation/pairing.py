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
