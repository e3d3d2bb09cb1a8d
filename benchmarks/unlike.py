"""Pictures unlike the training pictures, by distance: `python -m benchmarks.unlike [SET …]`.

A class of a real set is left out of training; the others are divided into training pictures, those
that the threshold is chosen on (out of fold, as in an export) and new ones. The tables say, class
by class and in the mean, for three rates of false alarms that are asked for, how many of the new
ones are called unlike, and how many pictures of the class that was left out, and of other sets;
beside that stands the share that an export estimates by leaving out each of its own classes. Sets
and features are those of `benchmarks.frozen_features`.
"""

import sys
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.evaluation import unlike
from automl.model import familiarity
from benchmarks import frozen_features
from benchmarks.frozen_features import NETWORKS, FrozenSet

SETS = ("trashnet", "clothing", "cifar10_10k", "fridge_objects", "sign_digits", "mnist_5k")
_MOST = 1_500
"""Training pictures that are compared with, as in an export."""

_FOLDS = 10
_OF_EACH_OTHER_SET = 200

_Array = NDArray[np.float32]


class Result(NamedTuple):
    """Shares of pictures that are called unlike the training pictures."""

    network: str
    set_name: str
    left_out: str
    """Name of the class that was left out."""

    asked: float
    """Rate of false alarms."""

    false_alarms: float
    left_out_class: float
    estimated: float
    """The same, estimated by the classes that are there."""

    other_sets: float


def _directions(features: _Array) -> _Array:
    return features / np.linalg.norm(features, axis=1, keepdims=True)


def _distances(asked: _Array, known: _Array) -> _Array:
    parts = np.zeros(len(asked), np.int64), np.full(len(known), -1)
    return familiarity.nearest(asked, known, parts)


def _results(network: str, frozen: FrozenSet, foreign: _Array) -> Iterator[Result]:
    features, rng = _directions(frozen.features[network]), np.random.default_rng(0)
    for left_out in np.unique(frozen.labels):
        kept = rng.permutation(np.flatnonzero(frozen.labels != left_out))
        num_known = min(_MOST, len(kept) * 3 // 4)
        known, new = features[kept[:num_known]], features[kept[num_known:]]
        folds = np.arange(num_known) % _FOLDS
        classes = frozen.labels[kept[:num_known]]
        held_out, others = (familiarity.nearest(known, known, (p, p)) for p in (folds, classes))
        asked = new, features[frozen.labels == left_out], foreign
        distances = [_distances(each, known) for each in asked]
        for rate in unlike.RATES:
            threshold, _ = unlike.threshold(held_out, rate)
            alarms, caught, estimate, far = (
                float((each > threshold).mean()) for each in (*distances[:2], others, distances[2])
            )
            name = frozen.class_names[left_out]
            yield Result(network, frozen.name, name, rate, alarms, caught, estimate, far)


def _main(names: list[str]) -> None:
    sets = [found for name in names or SETS if (found := frozen_features.load(name)) is not None]
    rows: list[Result] = []
    for network in NETWORKS:
        for frozen in sets:
            others = [
                _directions(each.features[network][:_OF_EACH_OTHER_SET])
                for each in sets
                if each.name != frozen.name
            ]
            rows += _results(network, frozen, np.concatenate(others))
    table = pd.DataFrame(rows)
    keys = ["network", "set_name", "asked", "left_out"]
    print(table.set_index(keys).round(3).to_string())
    print(table.groupby(keys[:3]).mean(numeric_only=True).round(3).to_string())
    print(table.groupby("asked").mean(numeric_only=True).round(3).to_string())


if __name__ == "__main__":
    _main(sys.argv[1:])
