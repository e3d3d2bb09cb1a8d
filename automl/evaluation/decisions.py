"""Decisions from probabilities, and their correctness: one class a picture, or a set of labels.

A copy of this file travels with exported training code.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[Any]
"""Class indices (N,), or the labels of each picture (N, K)."""

THRESHOLD = 0.5
"""Probability from which a label counts as predicted in metrics, as in Azure."""


def decided(
    probabilities: NDArray[np.floating],
    labels: Labels,
    thresholds: NDArray[np.floating] | float = THRESHOLD,
) -> Labels:
    """The most probable class (N,), or the labels (N, K) from their thresholds on, (K,) or one."""
    if labels.ndim == 1:
        return np.asarray(probabilities.argmax(axis=1), np.int64)
    return np.asarray(probabilities >= thresholds)


def is_right(
    probabilities: NDArray[np.floating],
    labels: Labels,
    thresholds: NDArray[np.floating] | float = THRESHOLD,
) -> NDArray[np.bool_]:
    """(N,) True where the class is the true one, or the set is exactly the true one."""
    agrees: Labels = decided(probabilities, labels, thresholds) == labels
    return np.asarray(agrees if labels.ndim == 1 else agrees.all(axis=1))


def counts(labels: Labels, num_classes: int) -> NDArray[np.int64]:
    """(K,) number of pictures of each class, or with each label."""
    if labels.ndim == 1:
        return np.bincount(labels, minlength=num_classes).astype(np.int64)
    return np.asarray(labels.sum(axis=0, dtype=np.int32), np.int64)


def as_sets(labels: Labels, num_classes: int) -> NDArray[np.bool_]:
    """(N, K) True for each label of each picture; a class index is a set of one."""
    return labels if labels.ndim == 2 else labels[:, None] == np.arange(num_classes)


def certainty(probabilities: NDArray[np.floating], labels: Labels) -> NDArray[np.floating]:
    """(N,) probability of what was decided; of label sets the mean over the labels."""
    if labels.ndim == 1:  # in its own precision: in another one it may lie in another bin
        return np.asarray(probabilities.max(axis=1))
    return np.asarray(np.maximum(probabilities, 1 - probabilities).mean(axis=1), np.float64)


def log_likelihood(probabilities: NDArray[np.floating], labels: Labels) -> NDArray[np.float64]:
    """(N,) logarithm of the probability of the truth; of label sets the mean over the labels."""
    if labels.ndim == 1:
        likely = probabilities[np.arange(len(labels)), labels].astype(np.float64)
        return np.log(np.maximum(likely, _LEAST))
    likely = np.maximum(np.abs(probabilities - ~labels), _LEAST)
    # a logarithm of each costs most of the time, and the product of so many cannot be 0
    starts = np.arange(0, likely.shape[1], _MULTIPLIED)
    products = np.multiply.reduceat(likely, starts, axis=1, dtype=np.float64)
    return np.asarray(np.log(products).sum(axis=1) / likely.shape[1])


_LEAST, _MULTIPLIED = 1e-7, 32
