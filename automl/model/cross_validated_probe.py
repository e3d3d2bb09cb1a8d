"""A linear probe whose strength is chosen by cross-validation, with its out-of-fold probabilities.

The probes of all folds and the one of all pictures are fitted together, because a few large matrix
products are faster than many small ones: accelerated gradient descent with adaptive restart
(O'Donoghue and Candes, Adaptive Restart for Accelerated Gradient Schemes, 2015) in the basis of the
principal components, where the bound of the Hessian by Boehning (Multinomial Logistic Regression
Algorithm, 1992) is diagonal. The strengths are tried from weak to strong, each from the solution
before it, until the loss rises.

A copy of this file travels with exported training code.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl.dataset.preprocessing import probabilities_of
from automl.evaluation.decisions import log_likelihood
from automl.model.linear_probe import MAX_PICTURES, MISSING_BIAS, LinearProbe, logits_of

Rows = NDArray[Any]
"""Arrays of float32, which the types of NumPy lose on the way."""

STRENGTHS = (1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3)
"""scikit-learn's C for features of unit variance."""

_MANY_LOGITS = 20_000_000
"""Logits of all folds and pictures above which the middle strength alone is fitted: with a
thousand classes each strength takes minutes."""

_MAX_STEPS = 200
_TOLERANCE = 1e-5
"""Mean loss of a picture that further steps could still gain, about."""

_MAX_ELEMENTS = 50_000_000
"""Logits that are held at once, of all folds and pictures."""


class CrossValidated(NamedTuple):
    """The probe of all pictures, and what those of the folds say about pictures they never saw."""

    probe: LinearProbe
    probabilities: NDArray[np.float32]
    """(N, K) out of fold; of a picture without a fold from the probe of all pictures."""

    strength: float
    """C of the probe of all pictures."""


def fit(  # noqa: PLR0913
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    folds: NDArray[np.int64],
    num_classes: int,
    *,
    mirrored: NDArray[np.float32] | None = None,
    is_spare: NDArray[np.bool_] | None = None,
    seed: int = 0,
) -> CrossValidated:
    """Fit probes to features (N, D) with class indices (N,), or label sets (N, K).

    The strength of a fold's probe is the one with the least loss on the pictures of the other
    folds, so that no label has a part in its own prediction. Each probe is fitted to at most
    10,000 pictures, of which a mirror image is one.

    Args:
        features: of all pictures; their mean and scale are those of all folds.
        labels: class indices (N,); or True for each label of a picture (N, K), for one probe a
            label (one against the rest).
        folds: (N,) fold of each picture from 0; -1: it is in the training part of every fold.
        num_classes: number of classes.
        mirrored: (N, D) of the mirror images: probes are fitted to them, too, and asked about the
            mean of both.
        is_spare: (D,) True for features that are left out if the loss is less without them, which
            is decided as the strength is.
        seed: of the choice among more than 10,000 pictures.
    """
    copies = [features] if mirrored is None else [features, mirrored]
    rows = np.concatenate(copies)
    path = _path(rows, labels, folds, num_classes, seed)
    if is_spare is not None:
        path += _path(np.where(is_spare, 0, rows), labels, folds, num_classes, seed)
    is_scored = folds >= 0
    best = min(path, key=lambda each: each.mean(is_scored))
    result = best.probabilities.copy()
    for fold in range(int(folds.max()) + 1):
        others, held_out = is_scored & (folds != fold), folds == fold
        chosen = min(path, key=lambda each: each.mean(others))
        result[held_out] = chosen.probabilities[held_out]
    return CrossValidated(best.probe(), result, best.strength)


def _path(
    rows: Rows,
    labels: NDArray[np.int64],
    folds: NDArray[np.int64],
    num_classes: int,
    seed: int,
) -> "list[_Candidate]":
    """Strengths from weak to the first with a larger loss; rows: (C * N, D), see `_Problem`."""
    mean, scale = rows.mean(axis=0), rows.std(axis=0)
    scale[scale < 1e-6] = 1.0  # a constant feature carries no information
    basis, inputs, variances = _components((rows - mean) / scale, len(labels), seed)
    # constant features have no component, from whose size no number of copies follows
    inputs = inputs.reshape(len(rows) // len(labels), len(labels), inputs.shape[1])
    problem = _Problem(inputs, variances, labels, folds, num_classes, seed)
    is_scored = folds >= 0
    path: list[_Candidate] = []
    for strength in problem.strengths():
        weights = problem.solve(strength, path[-1].weights if path else None)
        probabilities = problem.out_of_fold(weights)
        losses = -log_likelihood(probabilities, labels)
        space = _Space(mean, scale, basis)
        path.append(_Candidate(strength, weights, space, probabilities, losses))
        if len(path) > 1 and path[-1].mean(is_scored) > path[-2].mean(is_scored):
            break
    return path


class _Space(NamedTuple):
    """Standardisation (D,) of features, and their principal components (D, R)."""

    mean: Rows
    scale: Rows
    basis: Rows


class _Candidate(NamedTuple):
    """One strength: the solutions, their out-of-fold probabilities (N, K) and losses (N,)."""

    strength: float
    weights: Rows
    space: _Space
    probabilities: NDArray[np.float32]
    losses: NDArray[np.float64]

    def probe(self) -> LinearProbe:
        """That of all pictures."""
        weight = (self.weights[:-1, -1].T @ self.space.basis.T) / self.space.scale
        bias = self.weights[-1, -1] - weight @ self.space.mean
        return LinearProbe(weight.astype(np.float32), bias.astype(np.float32))

    def mean(self, chosen: NDArray[np.bool_]) -> float:
        return float(self.losses[chosen].mean())


def _components(rows: Rows, num_pictures: int, seed: int) -> tuple[Rows, Rows, Rows]:
    """Directions (D, R), standardised rows (C * N, D) in them (C * N, R), and sums of squares (R,).

    Of mirrored pictures that are fewer than their features, the means of both copies span the
    space: it is these that the probe is asked about, and half as many components take half the
    time. On frozen features the accuracy is the same (`docs/benchmarks.md`).
    """
    copies = rows.reshape(len(rows) // num_pictures, num_pictures, rows.shape[1])
    if len(copies) == 1 or num_pictures >= rows.shape[1]:
        basis, variances = _principal_components(rows, seed)
        return basis, rows @ basis, variances
    means, _ = _principal_components(copies.mean(axis=0), seed)
    inputs = rows @ means
    turned, variances = _principal_components(inputs, seed)
    return means @ turned, inputs @ turned, variances


def _principal_components(features: Rows, seed: int) -> tuple[Rows, Rows]:
    """Directions (D, R) and sums of squares (R,) of standardised features (N, D)."""
    rows = features[_fitted(len(features), seed)]
    if len(rows) < rows.shape[1]:
        values, vectors = np.linalg.eigh(rows @ rows.T)
    else:
        values, vectors = np.linalg.eigh(rows.T @ rows)
    kept = values > values.max(initial=0.0) * 1e-6
    values, vectors = values[kept], vectors[:, kept]
    if len(rows) < rows.shape[1]:
        vectors = rows.T @ (vectors / np.sqrt(values))
    return vectors, values


def _fitted(num_pictures: int, seed: int) -> NDArray[np.int64]:
    """Positions of the pictures that probes are fitted to."""
    if num_pictures <= MAX_PICTURES:
        return np.arange(num_pictures)
    return np.random.default_rng(seed).choice(num_pictures, MAX_PICTURES, replace=False)


class _Problem:
    """The probes of F folds and of all pictures, which share their inputs (N, R + 1).

    Inputs are given as (C, N, R), C copies of each picture: all are fitted to, and what is asked
    about is their mean.
    """

    def __init__(  # noqa: PLR0913
        self,
        inputs: Rows,
        variances: Rows,
        labels: NDArray[np.int64],
        folds: NDArray[np.int64],
        num_classes: int,
        seed: int,
    ) -> None:
        self.num_folds = int(folds.max()) + 1
        self._has_sets = labels.ndim == 2
        self._num_classes = num_classes
        self._folds = folds
        ones = np.ones((*inputs.shape[:2], 1), np.float32)
        inputs = np.concatenate([inputs, ones], axis=2)
        self._asked = inputs.mean(axis=0)
        labels, folds = np.concatenate([labels] * len(inputs)), np.tile(folds, len(inputs))
        chosen = _fitted(len(labels), seed)
        self._fitted = inputs.reshape(-1, inputs.shape[2])[chosen]
        self._labels = labels[chosen].astype(np.float32 if self._has_sets else np.int64)
        every = np.arange(self.num_folds + 1)  # the last one holds nothing out
        self._trains = folds[chosen][:, None] != every
        # a softmax has at most half the curvature of its inputs, a sigmoid a quarter
        curvature = 1 / 4 if self._has_sets else 1 / 2
        sums = np.append(variances, np.float32(len(chosen)))
        self._bound = np.float32(curvature) * sums[:, None, None]

    def strengths(self) -> tuple[float, ...]:
        """The strengths to try, from weak to strong."""
        num_logits = len(self._fitted) * (self.num_folds + 1) * self._num_classes
        return STRENGTHS if num_logits <= _MANY_LOGITS else (STRENGTHS[2],)

    def solve(self, strength: float, start: Rows | None) -> Rows:
        """Weights (R + 1, F + 1, K), the intercepts last."""
        if start is None:
            start = self._shares()
        penalty = np.full((len(self._bound), 1, 1), 1 / strength, np.float32)
        penalty[-1] = 0.0  # the intercept is free
        parts = [self._descend(start[:, part], part, penalty) for part in self._parts()]
        return np.concatenate(parts, axis=1)

    def _shares(self) -> Rows:
        """Weights that give every picture the shares of the classes in each training part."""
        shape = (len(self._bound), self.num_folds + 1, self._num_classes)
        start = np.zeros(shape, np.float32)
        trains = self._trains.T.astype(np.float32)
        if self._has_sets:
            start[-1] = logits_of(trains @ self._labels / trains.sum(axis=1, keepdims=True))
            return start
        counts = trains @ np.eye(self._num_classes, dtype=np.float32)[self._labels]
        shares = counts / counts.sum(axis=1, keepdims=True)
        with np.errstate(divide="ignore"):  # a class that no picture has
            start[-1] = np.maximum(np.log(shares), MISSING_BIAS)
        return start

    def _parts(self) -> Iterator[slice]:
        """Probes that are fitted together, so that their logits fit into memory."""
        size = max(1, _MAX_ELEMENTS // (len(self._fitted) * self._num_classes))
        for first in range(0, self.num_folds + 1, size):
            yield slice(first, first + size)

    def _descend(self, start: Rows, part: slice, penalty: Rows) -> Rows:
        """Accelerated descent of some probes, each with its own momentum."""
        trains = self._trains[:, part]
        tolerance = _TOLERANCE * trains.sum(axis=0)
        step = 1 / (self._bound + penalty)
        weights, ahead = start, start
        momentum: Rows = np.ones(start.shape[1], np.float32)
        for _ in range(_MAX_STEPS):
            slope = self._gradient(ahead, trains) + penalty * ahead
            move = step * slope
            if ((slope * move).sum(axis=(0, 2)) / 2 < tolerance).all():
                return ahead
            following = ahead - move
            change = following - weights
            goes_back = (slope * change).sum(axis=(0, 2)) > 0
            momentum = np.where(goes_back, np.float32(1), momentum)
            grown = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
            ahead = following + ((momentum - 1) / grown)[None, :, None] * change
            weights, momentum = following, grown
        return weights

    def _gradient(self, weights: Rows, trains: NDArray[np.bool_]) -> Rows:
        """Gradient of the summed losses of the pictures in each training part."""
        logits = self._fitted @ weights.reshape(len(weights), -1)
        excess = self._answers(logits.reshape(len(logits), *weights.shape[1:]))
        if self._has_sets:
            excess -= self._labels[:, None]
        else:
            excess[np.arange(len(logits)), :, self._labels] -= 1
        excess *= trains[:, :, None]
        return (self._fitted.T @ excess.reshape(len(logits), -1)).reshape(weights.shape)

    def _answers(self, logits: Rows) -> Rows:
        """Probabilities from logits (..., K)."""
        return probabilities_of(logits, has_label_sets=self._has_sets)

    def out_of_fold(self, weights: Rows) -> Rows:
        """(N, K) of each picture, from the probe that has not seen it if there is one."""
        result = np.empty((len(self._asked), self._num_classes), np.float32)
        for fold in range(-1, self.num_folds):
            chosen = self._folds == fold
            result[chosen] = self._answers(self._asked[chosen] @ weights[:, fold])
        return result
