"""A linear probe: logistic regression on the features of a frozen network.

It is a classifier of its own, or the head that fine-tuning starts from, which distorts pretrained
features less than a random head (Kumar et al., Fine-Tuning can Distort Pretrained Features, 2022).

A copy of this file travels with exported training code.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from automl.model.blocks import last_layer
from automl.model.network import Normalised

MAX_PICTURES = 10_000
"""Largest number of pictures that is fitted to: more hardly move the boundary but take minutes."""

_STRENGTH = 0.1
"""scikit-learn's C (the inverse of the regularisation) for features of unit variance and up to 200
pictures; it falls with the square root of their number. With a larger C the accuracy is the same,
but the probabilities are overconfident and the first training steps undo the probe."""

MISSING_BIAS = -10.0
"""Logit of a class without training pictures: its probability is about 0, but finite."""


class HeadNotLinearError(TypeError):
    """The last layer of the network is not one linear layer with a bias."""


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


def linear_head(network: nn.Module) -> nn.Linear | nn.Conv2d:
    """The last layer, which maps features to logits.

    Raises:
        HeadNotLinearError: it is neither a linear layer nor a convolution of 1 x 1 pixels.
    """
    head = last_layer(network)
    is_pointwise = isinstance(head, nn.Conv2d) and head.kernel_size == (1, 1)
    if not (isinstance(head, nn.Linear) or is_pointwise) or head.bias is None:
        raise HeadNotLinearError(f"the last layer of {type(network).__name__} is not linear")
    return head  # type: ignore[return-value]


def extract_features(network: Normalised, batches: Iterable[Tensor]) -> NDArray[np.float32]:
    """Features (N, D): the inputs of the last layer, in evaluation mode.

    Args:
        network: on the device of the batches; its mode is restored afterwards. A network that has
            lost its last layer gives its outputs.
        batches: pixels in 0 to 1, float (B, 3, H, W).

    Raises:
        HeadNotLinearError: the network does not end in one linear layer.
    """
    head = last_layer(network.network)
    if not isinstance(head, nn.Identity):
        head = linear_head(network.network)
    features: list[Tensor] = []

    def keep(_: nn.Module, inputs: tuple[Any, ...]) -> None:
        features.append(inputs[0].flatten(1).float().cpu())

    was_training = network.training
    network.eval()
    hook = head.register_forward_pre_hook(keep)
    try:
        with torch.inference_mode():
            for pixels in batches:
                network(pixels)
    finally:
        hook.remove()
        network.train(was_training)
    return torch.cat(features).numpy()


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
    inputs, targets = torch.from_numpy(features), torch.from_numpy(truth).float()
    start = targets.mean(dim=0).logit().clamp(MISSING_BIAS, -MISSING_BIAS)
    weight = torch.zeros(truth.shape[1], features.shape[1], requires_grad=True)
    bias = start.clone().requires_grad_(True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        logits = inputs @ weight.T + bias
        total = binary_cross_entropy_with_logits(logits, targets, reduction="sum")
        total = total + weight.square().sum() / (2 * strength)
        total.backward()
        return total

    optimizer.step(loss)
    is_constant = torch.from_numpy(truth.all(axis=0) | ~truth.any(axis=0))
    intercepts = torch.where(is_constant, start, bias)
    return weight.detach().double().numpy(), intercepts.detach().double().numpy()


def _one_row_per_class(
    coefficients: NDArray[np.float64], intercepts: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Split scikit-learn's single row for two classes (second against first) into two rows."""
    if len(coefficients) > 1:
        return coefficients, intercepts
    halves = np.array([[-0.5], [0.5]])
    return halves * coefficients, halves[:, 0] * intercepts


def fit_head(network: Normalised, features: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
    """Set the last layer to the probe for features (N, D) with class indices (N,).

    Raises:
        HeadNotLinearError: the network does not end in one linear layer.
    """
    head = linear_head(network.network)
    put_into(head, fit(features, labels, len(head.weight)))


def put_into(head: nn.Linear | nn.Conv2d, probe: LinearProbe) -> None:
    """Copy the weights of a probe into a network's last layer."""
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(probe.weight).view_as(head.weight))
        head.bias.copy_(torch.from_numpy(probe.bias))  # type: ignore[union-attr]
