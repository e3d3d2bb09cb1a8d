"""Classifiers that are not trained: a last layer made for a frozen network in one pass."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from automl.model import blocks, features, linear_probe
from automl.model.nearest_neighbours import NearestNeighbours
from automl.model.network import Normalised


def make_head(
    method: str,
    network: Normalised,
    seen: Callable[[], NDArray[np.float32]],
    labels: NDArray[np.int64],
) -> None:
    """Give the network the last layer of a method.

    Args:
        method: `majority_class`, `linear_probe` or `k_nearest_neighbours`.
        network: whose last layer has a row for every class.
        seen: features (N, D) of the training pictures, asked for only where they are needed.
        labels: class indices (N,).

    Raises:
        ValueError: the last layer is not linear.
    """
    head = features.linear_head(network.network)
    num_classes = len(head.weight)
    if method == "linear_probe":
        linear_probe.put_into(head, linear_probe.fit(seen(), labels, num_classes))
    elif method == "k_nearest_neighbours":
        layer = NearestNeighbours.of(seen(), labels, num_classes)
        replace_head(network.network, layer.to(head.weight.device))
    else:
        assert method == "majority_class"
        counts = np.bincount(labels, minlength=num_classes)
        shares = np.maximum(counts / len(labels), 1e-6).astype(np.float32)
        nothing = np.zeros((num_classes, head.weight[0].numel()), np.float32)
        linear_probe.put_into(head, linear_probe.LinearProbe(nothing, np.log(shares)))


def replace_head(network: nn.Module, layer: nn.Module) -> None:
    """Put a layer of another kind in the place of the last one."""
    head = blocks.last_layer(network)
    name = next(name for name, module in network.named_modules() if module is head)
    network.set_submodule(name, layer)


def empty_neighbours(weights: dict[str, torch.Tensor], num_classes: int) -> NearestNeighbours:
    """A layer as large as the one whose content is among the weights of a model."""
    (shape,) = (tensor.shape for name, tensor in weights.items() if name.endswith(".features"))
    return NearestNeighbours(shape[0], shape[1], num_classes)
