"""Logistic regression on a frozen model's features: a classifier of its own, or a first head.

Fine-tuning that starts from the probe's head distorts the pretrained features less than one from
a random head (Kumar et al., Fine-Tuning can Distort Pretrained Features, 2022).
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

_MAX_PICTURES = 10_000
"""More pictures hardly move the boundary, but take minutes to fit."""

_STRENGTH = 0.1
"""Inverse of scikit-learn's regularisation, for features of unit variance and up to 200 pictures;
it falls with the root of their number. Hardly regularised, a probe is as often right but too sure
of itself, and the first steps of training that start from it undo it."""

_MISSING_BIAS = -10.0
"""Logit of a class without pictures: hardly ever the answer, but no infinity."""


@dataclass(frozen=True)
class LinearProbe:
    """weight: (K, D); bias: (K,). Logits are features @ weight.T + bias."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, K), rows sum to 1, from features (N, D)."""
        logits = features @ self.weight.T + self.bias
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares: NDArray[np.float32] = exponentials / exponentials.sum(axis=1, keepdims=True)
        return shares


def fit(
    seen: NDArray[np.float32], labels: NDArray[np.int64], num_classes: int, *, seed: int = 0
) -> LinearProbe:
    """The probe for features (N, D) with class indices (N,).

    Of more than 10,000 pictures a random part is used.
    """
    from sklearn.linear_model import LogisticRegression

    if len(labels) > _MAX_PICTURES:
        chosen = np.random.default_rng(seed).choice(len(labels), _MAX_PICTURES, replace=False)
        seen, labels = seen[chosen], labels[chosen]
    mean, scale = seen.mean(axis=0), seen.std(axis=0)
    scale[scale < 1e-6] = 1.0  # a feature that never changes says nothing
    present = np.unique(labels)
    weight = np.zeros((num_classes, seen.shape[1]))
    bias = np.full(num_classes, _MISSING_BIAS)
    if len(present) == 1:
        bias[present] = 0.0
    else:
        strength = _STRENGTH * min(1.0, (200 / len(labels)) ** 0.5)
        model = LogisticRegression(C=strength, max_iter=300, tol=1e-3)
        model.fit((seen - mean) / scale, labels)
        weight[present], bias[present] = _of_every_class(model.coef_, model.intercept_)
    weight /= scale
    bias -= weight @ mean
    return LinearProbe(weight.astype(np.float32), bias.astype(np.float32))


def _of_every_class(
    coefficients: NDArray[np.float64], intercepts: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """scikit-learn has one row for two classes: the second against the first."""
    if len(coefficients) > 1:
        return coefficients, intercepts
    halves = np.array([[-0.5], [0.5]])
    return halves * coefficients, halves[:, 0] * intercepts


def put_into(head: nn.Linear | nn.Conv2d, probe: LinearProbe) -> None:
    """Give a network's last layer the weights of a probe on its features."""
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(probe.weight).view_as(head.weight))
        head.bias.copy_(torch.from_numpy(probe.bias))  # type: ignore[union-attr]
