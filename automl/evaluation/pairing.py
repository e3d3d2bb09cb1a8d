"""Two trials, perhaps of two experiments, on the pictures that both have answered for."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl.evaluation.predictions import Predictions


class Pairs(NamedTuple):
    """(P,) positions among the answers of the one and of the other; the same picture in each."""

    one: NDArray[np.int64]
    other: NDArray[np.int64]


class Difference(NamedTuple):
    """A setting that is not the same; None where a side has none."""

    name: str
    one: Any
    other: Any


def pair(one: Sequence[str], other: Sequence[str]) -> Pairs:
    """Pictures by their content hashes; of copies the first counts."""
    places = {content: place for place, content in reversed(list(enumerate(other)))}
    taken: dict[str, int] = {}
    for place, content in enumerate(one):
        if content in places:
            taken.setdefault(content, place)
    return Pairs(
        np.array(list(taken.values()), dtype=np.int64),
        np.array([places[content] for content in taken], dtype=np.int64),
    )


def only_right(pairs: Pairs, one: Predictions, other: Predictions) -> NDArray[np.bool_]:
    """(P,) where the one is right and the other is wrong."""
    right = (one.predicted == one.labels)[pairs.one]
    wrong = (other.predicted != other.labels)[pairs.other]
    return np.asarray(right & wrong)


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[Difference]:
    """What is not the same, by name."""
    names = sorted(set(one) | set(other))
    pairs = (Difference(name, one.get(name), other.get(name)) for name in names)
    return [found for found in pairs if found.one != found.other]
