"""Accuracy of heads on frozen features: `python -m benchmarks.heads`.

Heads are fitted to a few pictures of a real set and scored on the others, on the features of one
network and on those of two, one after the other. Sets and features are those of
`benchmarks.frozen_features`.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.linear_model import RidgeClassifierCV

from automl.model import cross_validated_probe
from benchmarks import draws, frozen_features
from benchmarks.draws import Draw
from benchmarks.frozen_features import NETWORKS, FrozenSet
from benchmarks.small_experiments import unit

SETS = ("trashnet", "clothing", "sign_digits", "cifar10_10k", "mnist_5k", "fridge_objects")
SIZES = (40, 150, 600)
_NUM_DRAWS = 3

_Array = NDArray[np.float32]
_Labels = NDArray[np.int64]


class Split(NamedTuple):
    """N pictures to fit to and Q to answer for; the features are standardised by the N."""

    fitted: _Array
    labels: _Labels
    folds: NDArray[np.int64]
    asked: _Array
    num_classes: int


def logistic(split: Split) -> _Labels:
    """Classes (Q,) from the linear probe of the program, with its strength chosen by folds."""
    found = cross_validated_probe.fit(split.fitted, split.labels, split.folds, split.num_classes)
    answers: _Labels = found.probe.probabilities(split.asked).argmax(axis=1)
    return answers


def ridge(split: Split) -> _Labels:
    """Classes (Q,) from ridge regression, its penalty by leave-one-out in closed form."""
    fitted, asked = _rotated(split)
    model = RidgeClassifierCV(alphas=np.logspace(1, 5, 9)).fit(fitted, split.labels)
    answers: _Labels = model.predict(asked)
    return answers


def shrinkage_lda(split: Split) -> _Labels:
    """Classes (Q,) by linear discriminant analysis, its covariance by Ledoit and Wolf (2004)."""
    fitted, asked = _rotated(split)
    means = _means(fitted, split)
    around = fitted - means[split.labels]
    share = ledoit_wolf_shrinkage(around, assume_centered=True)
    covariance = (1 - share) * (around.T @ around) / len(around)
    covariance += share * np.square(around).sum() / around.size * np.eye(fitted.shape[1])
    weight = np.linalg.solve(covariance, means.T)
    counts = np.bincount(split.labels, minlength=split.num_classes)
    logits = asked @ weight - (means.T * weight).sum(axis=0) / 2 + np.log(counts)
    answers: _Labels = logits.argmax(axis=1)
    return answers


def prototypes(split: Split) -> _Labels:
    """Classes (Q,) of the nearest class mean by cosine."""
    fitted, asked = unit(split.fitted), unit(split.asked)
    answers: _Labels = (asked @ unit(_means(fitted, split)).T).argmax(axis=1)
    return answers


HEADS: dict[str, Callable[[Split], _Labels]] = {
    "logistic": logistic,
    "ridge": ridge,
    "shrinkage LDA": shrinkage_lda,
    "prototypes": prototypes,
}


def _rotated(split: Split) -> tuple[_Array, _Array]:
    """The features in the span of the N pictures, which holds all that a linear head can use."""
    basis = np.linalg.svd(split.fitted, full_matrices=False)[2]
    return split.fitted @ basis.T, split.asked @ basis.T


def _means(features: _Array, split: Split) -> _Array:
    """(K, D) means of the classes."""
    of_class = np.eye(split.num_classes, dtype=np.float32)[split.labels]
    means: _Array = of_class.T @ features / of_class.sum(axis=0)[:, None]
    return means


class Result(NamedTuple):
    """Share of right answers on the other pictures, and CPU seconds of the fit."""

    accuracy: float
    seconds: float


def measure(sets: list[FrozenSet], size: int, networks: tuple[str, ...], head: str) -> list[Result]:
    """Results of a head fitted to `size` pictures, one for each set and draw."""
    results = []
    for frozen in sets:
        features = np.concatenate([frozen.features[each] for each in networks], axis=1)
        drawn = draws.draws(frozen.labels, {size: _NUM_DRAWS})
        results += [_score(features, each, HEADS[head]) for each in drawn]
    return results


def _score(features: _Array, drawn: Draw, head: Callable[[Split], _Labels]) -> Result:
    fitted, asked = features[drawn.fitted], features[drawn.asked]
    mean, scale = fitted.mean(axis=0), fitted.std(axis=0)
    scale[scale < 1e-6] = 1.0
    fitted, asked = (fitted - mean) / scale, (asked - mean) / scale
    begin = time.process_time()
    answers = head(Split(fitted, drawn.labels, drawn.folds, asked, drawn.num_classes))
    seconds = time.process_time() - begin
    return Result(float((answers == drawn.truth).mean()), seconds)


def main() -> None:
    torch.set_num_threads(1)
    sets = [found for name in SETS if (found := frozen_features.load(name)) is not None]
    choices = {"v1": NETWORKS[:1], "v2": NETWORKS[1:], "both": NETWORKS}
    print("| pictures | features |", " | ".join(HEADS), "|")
    print("|---|---|" + "---|" * len(HEADS))
    for size in SIZES:
        for title, networks in choices.items():
            cells = []
            for head in HEADS:
                results = measure(sets, size, networks, head)
                accuracy = np.mean([each.accuracy for each in results])
                seconds = np.mean([each.seconds for each in results])
                cells.append(f"{accuracy:.3f} ({seconds:.1f} s)")
            print(f"| {size} | {title} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
