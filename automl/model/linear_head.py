"""The last layer of a network, if it is linear: its inputs are the features, its weights a probe's.

A copy of this file travels with exported training code.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from automl.model import linear_probe
from automl.model.blocks import last_layer
from automl.model.linear_probe import LinearProbe
from automl.model.network import Normalised


class HeadNotLinearError(TypeError):
    """The last layer of the network is not one linear layer with a bias."""


def of(network: nn.Module) -> nn.Linear | nn.Conv2d:
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
        head = of(network.network)
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


def fit(network: Normalised, features: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
    """Set the last layer to the probe for features (N, D) with class indices (N,).

    Raises:
        HeadNotLinearError: the network does not end in one linear layer.
    """
    head = of(network.network)
    put_into(head, linear_probe.fit(features, labels, len(head.weight)))


def put_into(head: nn.Linear | nn.Conv2d, probe: LinearProbe) -> None:
    """Copy the weights of a probe into a network's last layer."""
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(probe.weight).view_as(head.weight))
        head.bias.copy_(torch.from_numpy(probe.bias))  # type: ignore[union-attr]
