"""Baselines: heads that are fitted to a frozen network in one pass instead of being trained.

Nearest neighbours follow the usual evaluation of frozen features (Wu et al., Unsupervised Feature
Learning via Non-Parametric Instance Discrimination, 2018; Caron et al., DINO, 2021): cosine
similarity, 20 neighbours, votes weighted by exp(similarity / 0.07).
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import normalize, one_hot

from automl.model import blocks, linear_probe
from automl.model.network import Normalised

_NUM_NEIGHBOURS = 20
_TEMPERATURE = 0.07
_SMALLEST_SHARE = 1e-4
"""Added to the vote of every class, so that the logarithm is finite."""


class NearestNeighbours(nn.Module):
    """A last layer: logits (B, K) from the similarity of features (B, D) to stored ones."""

    features: Tensor
    labels: Tensor

    def __init__(self, num_pictures: int, num_features: int, num_classes: int) -> None:
        """An empty layer, to be filled by `load_state_dict`."""
        super().__init__()
        self._num_classes = num_classes
        self.register_buffer("features", torch.zeros(num_pictures, num_features))
        self.register_buffer("labels", torch.zeros(num_pictures, dtype=torch.int64))

    @classmethod
    def fit(
        cls,
        features: NDArray[np.float32],
        labels: NDArray[np.int64],
        num_classes: int,
        *,
        seed: int = 0,
    ) -> "NearestNeighbours":
        """A layer with features (N, D) and class indices (N,), or a random 10,000 of them."""
        if len(labels) > linear_probe.MAX_PICTURES:
            rng = np.random.default_rng(seed)
            chosen = rng.choice(len(labels), linear_probe.MAX_PICTURES, replace=False)
            features, labels = features[chosen], labels[chosen]
        layer = cls(len(features), features.shape[1], num_classes)
        layer.features.copy_(normalize(torch.from_numpy(features)))
        layer.labels.copy_(torch.from_numpy(labels))
        return layer

    def forward(self, features: Tensor) -> Tensor:
        similarity = normalize(features.flatten(1)) @ self.features.T
        nearest, indices = similarity.topk(min(_NUM_NEIGHBOURS, len(self.labels)))
        weights = (nearest / _TEMPERATURE).softmax(dim=1)
        votes = one_hot(self.labels[indices], self._num_classes)
        return ((weights.unsqueeze(2) * votes).sum(dim=1) + _SMALLEST_SHARE).log()


def fit_head(
    method: str,
    network: Normalised,
    features: Callable[[], NDArray[np.float32]],
    labels: NDArray[np.int64],
) -> None:
    """Replace the network's last layer, or its weights, with those of a method.

    Args:
        method: `majority_class`, `linear_probe` or `k_nearest_neighbours`.
        network: its last layer has one row per class.
        features: returns features (N, D) of the training pictures; called only if needed.
        labels: class indices (N,).

    Raises:
        HeadNotLinearError: the network does not end in one linear layer.
    """
    head = linear_probe.linear_head(network.network)
    num_classes = len(head.weight)
    if method == "linear_probe":
        linear_probe.fit_head(network, features(), labels)
    elif method == "k_nearest_neighbours":
        layer = NearestNeighbours.fit(features(), labels, num_classes)
        replace_head(network.network, layer.to(head.weight.device))
    else:
        assert method == "majority_class"
        counts = np.bincount(labels, minlength=num_classes)
        shares = np.maximum(counts / len(labels), 1e-6).astype(np.float32)
        weight = np.zeros((num_classes, head.weight[0].numel()), np.float32)
        linear_probe.put_into(head, linear_probe.LinearProbe(weight, np.log(shares)))


def replace_head(network: nn.Module, layer: nn.Module) -> None:
    """Set the last layer of a network to a layer of another kind."""
    head = blocks.last_layer(network)
    name = next(name for name, module in network.named_modules() if module is head)
    network.set_submodule(name, layer)


def empty_neighbours(weights: dict[str, Tensor], num_classes: int) -> NearestNeighbours:
    """An empty layer of the size that is stored among the weights of a model."""
    (shape,) = (tensor.shape for name, tensor in weights.items() if name.endswith(".features"))
    return NearestNeighbours(shape[0], shape[1], num_classes)
