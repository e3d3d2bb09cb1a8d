"""Gain of mirrored pictures for a linear probe on frozen features: `python -m benchmarks.mirrored`.

A probe is fitted to a few pictures of a real set, or to them and their mirrored copies, and answers
for others by their own features, or by the mean of its answers for both copies. All four see the
same pictures, so differences are paired. Sets and features are those of
`benchmarks.frozen_features`.
"""

import os
from collections.abc import Iterator
from typing import NamedTuple

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import torch  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from automl.model import cross_validated_probe  # noqa: E402
from automl.model.cross_validated_probe import CrossValidated  # noqa: E402
from benchmarks import frozen_features  # noqa: E402
from benchmarks.frozen_features import NETWORKS  # noqa: E402

SETS = (
    "trashnet",
    "clothing",
    "cifar10_10k",
    "fridge_objects",
    "shapes",
    "sign_digits",
    "mnist_5k",
)
_DRAWS = {40: 8, 150: 4, 600: 3, 2000: 2}
"""Draws from each set and network, by the number of pictures."""

_LEAST_TEST, _MOST_TEST = 90, 2000
_NUM_FOLDS = 5

_Array = NDArray[np.float32]
_Labels = NDArray[np.int64]


class Difference(NamedTuple):
    """Accuracy on other pictures minus that of the probe without mirrored copies."""

    set_name: str
    size: int
    fit_to_both: float
    ask_both: float
    fit_and_ask_both: float
    chosen: float
    """Of the probe of both copies where it has the smaller out-of-fold loss, else 0."""


class _Pictures(NamedTuple):
    """Features (2, N, D) of pictures and their mirrored copies, and their labels (N,)."""

    features: _Array
    labels: _Labels

    def taken(self, positions: NDArray[np.int64]) -> "_Pictures":
        return _Pictures(self.features[:, positions], self.labels[positions])


def main() -> None:
    torch.set_num_threads(1)
    table = pd.DataFrame(differences(), columns=pd.Index(Difference._fields))
    values = table.columns[2:]
    print(table.groupby("size")[values].agg(["mean", "sem", "count"]).round(4).to_string())
    print(table.groupby(["set_name", "size"])[values].mean().round(4).to_string())


def differences() -> Iterator[Difference]:
    for name in SETS:
        plain, mirrored = (frozen_features.load(name, is_mirrored=each) for each in (False, True))
        if plain is None or mirrored is None:
            continue
        for network in NETWORKS:
            both = np.stack([plain.features[network], mirrored.features[network]])
            pictures = _Pictures(both, plain.labels)
            for size, num_draws in _DRAWS.items():
                if len(plain.labels) < size + _LEAST_TEST:
                    continue
                for seed in range(num_draws):
                    yield _difference(name, pictures, size, seed)


def _difference(name: str, pictures: _Pictures, size: int, seed: int) -> Difference:
    order = np.random.default_rng([size, seed]).permutation(len(pictures.labels))
    others = order[size : size + _MOST_TEST]
    # a class that was not drawn is unknown
    known = np.unique(pictures.labels[order[:size]])
    others = others[np.isin(pictures.labels[others], known)]
    relabelled = pictures._replace(labels=np.searchsorted(known, pictures.labels))
    fitted, asked = relabelled.taken(order[:size]), relabelled.taken(others)
    folds = np.arange(size) % _NUM_FOLDS  # the order is random
    plain, of_both = (_probe(fitted, folds, len(known), copies) for copies in (1, 2))
    accuracy = _accuracy(plain, asked, 1)
    fit_to_both = _accuracy(of_both, asked, 1) - accuracy
    is_better = _loss(of_both, fitted.labels) < _loss(plain, fitted.labels)
    return Difference(
        name,
        size,
        fit_to_both,
        _accuracy(plain, asked, 2) - accuracy,
        _accuracy(of_both, asked, 2) - accuracy,
        fit_to_both if is_better else 0.0,
    )


def _probe(
    fitted: _Pictures, folds: NDArray[np.int64], num_classes: int, copies: int
) -> CrossValidated:
    """The probe of the pictures, or of both copies of each, which share a fold."""
    features = np.concatenate(list(fitted.features[:copies]))
    labels, folds = np.tile(fitted.labels, copies), np.tile(folds, copies)
    return cross_validated_probe.fit(features, labels, folds, num_classes)


def _accuracy(found: CrossValidated, asked: _Pictures, copies: int) -> float:
    answers = sum(found.probe.probabilities(each) for each in asked.features[:copies])
    return float((np.asarray(answers).argmax(axis=1) == asked.labels).mean())


def _loss(found: CrossValidated, labels: _Labels) -> float:
    """Mean out-of-fold loss of the pictures as they are."""
    of_label = found.probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(of_label, 1e-7)).mean())


if __name__ == "__main__":
    main()
