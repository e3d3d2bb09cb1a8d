"""A linear probe: logistic regression on the features of a frozen network.

It is a classifier of its own, or the head that fine-tuning starts from, which distorts pretrained
features less than a random head (Kumar et al., Fine-Tuning can Distort Pretrained Features, 2022).
It is fitted without torch, whose import takes longer than a fit to features that are known.

A copy of this file travels with exported training code.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.dataset.preprocessing import sigmoid, softmax

MAX_PICTURES = 10_000
"""Largest number of pictures that is fitted to: more hardly move the boundary but take minutes."""

_STRENGTH = 0.1
"""scikit-learn's C (the inverse of the regularisation) for features of unit variance and up to 200
pictures; it falls with the square root of their number. With a larger C the accuracy is the same,
but the probabilities are overconfident and the first training steps undo the probe."""

MISSING_BIAS = -10.0
"""Logit of a class without training pictures: its probability is about 0, but finite."""


@dataclass(frozen=True)
class LinearProbe:
    """weight: (K, D); bias: (K,). Logits are features @ weight.T + bias."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, K), rows sum to 1, from features (N, D)."""
        return softmax(features @ self.weight.T + self.bias)

    def of_labels(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, K): the probability of each label by itself, from features (N, D)."""
        return sigmoid(features @ self.weight.T + self.bias)


def fit(
    features: NDArray[np.float32], labels: NDArray[np.int64], num_classes: int, *, seed: int = 0
) -> LinearProbe:
    """The probe for features (N, D) with class indices (N,), or label sets (N, K).

    Of more than 10,000 pictures a random subset is used.
    """
    from sklearn.linear_model import LogisticRegression

    if len(labels) > MAX_PICTURES:
        chosen = np.random.default_rng(seed).choice(len(labels), MAX_PICTURES, replace=False)
        features, labels = features[chosen], labels[chosen]
    mean, scale = features.mean(axis=0), features.std(axis=0)
    scale[scale < 1e-6] = 1.0  # a constant feature carries no information
    strength = _STRENGTH * min(1.0, (200 / len(labels)) ** 0.5)
    if labels.ndim == 2:
        rows = _one_against_rest((features - mean) / scale, labels, strength)
        return _of_plain_features(*rows, mean, scale)
    present = np.unique(labels)
    weight = np.zeros((num_classes, features.shape[1]))
    bias = np.full(num_classes, MISSING_BIAS)
    if len(present) == 1:
        bias[present] = 0.0
    else:
        model = LogisticRegression(C=strength, max_iter=300, tol=1e-3)
        model.fit((features - mean) / scale, labels)
        weight[present], bias[present] = _one_row_per_class(model.coef_, model.intercept_)
    return _of_plain_features(weight, bias, mean, scale)


def _of_plain_features(
    weight: NDArray[np.float64],
    bias: NDArray[np.float64],
    mean: NDArray[np.float32],
    scale: NDArray[np.float32],
) -> LinearProbe:
    """The probe that was fitted to standardised features, to be applied to plain ones."""
    weight = weight / scale
    return LinearProbe(weight.astype(np.float32), (bias - weight @ mean).astype(np.float32))


def _one_against_rest(
    features: NDArray[np.float32], truth: NDArray[Any], strength: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights (K, D) and intercepts (K,) of a logistic regression for each label (N, K).

    All labels are fitted at once, because a few large matrix products are faster than a solver for
    each.
    """
    from scipy.optimize import minimize

    targets = truth.astype(np.float32)
    start = logits_of(targets.mean(axis=0))
    shape = (features.shape[1] + 1, truth.shape[1])

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        rows = flat.reshape(shape).astype(np.float32)
        logits = features @ rows[:-1] + rows[-1]
        excess = sigmoid(logits) - targets
        slope = np.concatenate([features.T @ excess, excess.sum(axis=0)[None]])
        slope[:-1] += rows[:-1] / strength
        value = np.logaddexp(0, logits).sum(dtype=np.float64) - (logits * targets).sum()
        return value + (rows[:-1] ** 2).sum() / (2 * strength), slope.ravel().astype(np.float64)

    first = np.zeros(shape)
    first[-1] = start
    found = minimize(loss, first.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 100})
    rows = found.x.reshape(shape)
    is_constant = truth.all(axis=0) | ~truth.any(axis=0)
    return rows[:-1].T, np.where(is_constant, start, rows[-1])


def logits_of(shares: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits of shares of pictures; finite for a label that none has, or every one."""
    with np.errstate(divide="ignore"):
        logits: NDArray[np.float32] = np.log(shares) - np.log1p(-shares)
    return logits.clip(MISSING_BIAS, -MISSING_BIAS)


def _one_row_per_class(
    coefficients: NDArray[np.float64], intercepts: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Split scikit-learn's single row for two classes (second against first) into two rows."""
    if len(coefficients) > 1:
        return coefficients, intercepts
    halves = np.array([[-0.5], [0.5]])
    return halves * coefficients, halves[:, 0] * intercepts
