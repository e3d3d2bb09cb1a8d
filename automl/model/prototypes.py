"""Prototypes: the class whose mean has the most similar direction, as a linear head.

Features are standardised, and classes are compared by the cosine to the mean of their pictures'
directions (Mensink et al., Distance-Based Image Classification, 2013; Snell, Swersky and Zemel,
Prototypical Networks for Few-shot Learning, 2017). The length of a picture's own features is the
same for all classes, so the mean length of the fitted pictures takes its place and the head is
linear. With a few pictures of each class it is better than a fitted boundary, with many it is
worse.
"""

import numpy as np
from numpy.typing import NDArray

from automl.model.cross_validated_probe import CrossValidated
from automl.model.linear_probe import MISSING_BIAS, LinearProbe

SHARPNESSES = (2.0, 4.0, 8.0, 16.0, 32.0)
"""Factors on the cosine; they decide the probabilities and no class."""

_USUAL_SHARPNESS = 8.0
_LEAST = 1e-7


def fit(
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    num_classes: int,
    sharpness: float = _USUAL_SHARPNESS,
) -> LinearProbe:
    """The head for features (N, D) with class indices (N,).

    A class without pictures is given the probability 0, about.
    """
    mean, scale = features.mean(axis=0), features.std(axis=0)
    scale[scale < 1e-6] = 1.0  # a constant feature carries no information
    standardised = (features - mean) / scale
    lengths = np.linalg.norm(standardised, axis=1, keepdims=True)
    of_class = np.eye(num_classes, dtype=np.float32)[labels]
    sums = of_class.T @ (standardised / np.maximum(lengths, _LEAST))
    directions = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), _LEAST)
    weight = sharpness / max(float(lengths.mean()), _LEAST) * directions / scale
    bias = np.where(of_class.any(axis=0), -weight @ mean, MISSING_BIAS - sharpness)
    return LinearProbe(weight.astype(np.float32), bias.astype(np.float32))


def cross_validated(
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    folds: NDArray[np.int64],
    num_classes: int,
) -> CrossValidated:
    """The head whose sharpness has the least out-of-fold loss; of a fold, that on the other folds.

    Args:
        features: (N, D) of all pictures.
        labels: class indices.
        folds: (N,) fold of each picture from 0; -1: it is in the training part of every fold.
        num_classes: number of classes.
    """
    is_scored = folds >= 0
    answers = {each: np.zeros((len(labels), num_classes), np.float32) for each in SHARPNESSES}
    for fold in range(int(folds.max()) + 1):
        seen, held_out = folds != fold, folds == fold
        for sharpness, given in answers.items():
            head = fit(features[seen], labels[seen], num_classes, sharpness)
            given[held_out] = head.probabilities(features[held_out])
    losses = {
        sharpness: -np.log(np.maximum(given[np.arange(len(labels)), labels], _LEAST))
        for sharpness, given in answers.items()
    }

    def best(chosen: NDArray[np.bool_]) -> float:
        return min(SHARPNESSES, key=lambda each: float(losses[each][chosen].mean()))

    sharpness = best(is_scored)
    head = fit(features, labels, num_classes, sharpness)
    result = head.probabilities(features)
    for fold in range(int(folds.max()) + 1):
        others, held_out = is_scored & (folds != fold), folds == fold
        result[held_out] = answers[best(others) if others.any() else sharpness][held_out]
    return CrossValidated(head, result, sharpness)
