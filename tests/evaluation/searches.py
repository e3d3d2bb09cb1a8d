"""Answers of the trials of a simulated search."""

import numpy as np
from numpy.typing import NDArray


def answers(right: NDArray, labels: NDArray, rng: np.random.Generator) -> NDArray:
    """Probabilities (N, 2) of a trial that is right where `right` (N,) says so."""
    sure = rng.uniform(0.55, 0.95, size=len(labels))
    chosen = np.where(right, labels, 1 - labels)
    return np.where(chosen[:, None] == [0, 1], sure[:, None], 1 - sure[:, None])


def search(  # noqa: PLR0913
    rng: np.random.Generator,
    *,
    num_pictures: int,
    num_classes: int,
    levels: list[float],
    correlation: float,
    rare: bool = False,
) -> tuple[list[NDArray], NDArray]:
    """Probabilities (N, K) of one trial for each level, and labels (N,).

    The logits are normal; `levels` are the means of those of the true class, so that trials of
    the same level are equally good. `correlation`: of the logits of any two trials. `rare`: all
    classes but the last one have 5 % of the pictures.
    """
    shares = np.full(num_classes, 0.05 if rare else 1 / num_classes)
    shares[-1] = 1 - shares[:-1].sum()
    labels = rng.choice(num_classes, num_pictures, p=shares)
    labels[:num_classes] = range(num_classes)
    shared = rng.normal(size=(num_pictures, num_classes)) * correlation**0.5
    trials = []
    for level in levels:
        own = rng.normal(size=(num_pictures, num_classes)) * (1 - correlation) ** 0.5
        logits = shared + own
        logits[np.arange(num_pictures), labels] += level
        powers = np.exp(logits)
        trials.append((powers / powers.sum(axis=1, keepdims=True)).astype(np.float32))
    return trials, labels
