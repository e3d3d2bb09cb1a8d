"""The most alike training pictures vote: a last layer that compares features instead of weighing
them.

As frozen features are judged by (Wu et al., Unsupervised Feature Learning via Non-Parametric
Instance Discrimination, 2018; Caron et al., DINO, 2021): cosine similarity, 20 neighbours, votes
by exp(similarity / 0.07).
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import normalize, one_hot

_NUM_NEIGHBOURS = 20
_TEMPERATURE = 0.07
_LEAST_SHARE = 1e-4  # of a class that none of the neighbours belongs to
_MAX_PICTURES = 10_000  # to compare with; more make the model large and hardly better


class NearestNeighbours(nn.Module):
    """Logits (B, K) from features (B, D)."""

    features: Tensor
    labels: Tensor

    def __init__(self, num_pictures: int, num_features: int, num_classes: int) -> None:
        """Without anything to compare with yet; for a state dict of this size."""
        super().__init__()
        self._num_classes = num_classes
        self.register_buffer("features", torch.zeros(num_pictures, num_features))
        self.register_buffer("labels", torch.zeros(num_pictures, dtype=torch.int64))

    @classmethod
    def of(
        cls,
        features: NDArray[np.float32],
        labels: NDArray[np.int64],
        num_classes: int,
        *,
        seed: int = 0,
    ) -> "NearestNeighbours":
        """Compares with features (N, D) of class indices (N,), or a random part of many."""
        if len(labels) > _MAX_PICTURES:
            chosen = np.random.default_rng(seed).choice(len(labels), _MAX_PICTURES, replace=False)
            features, labels = features[chosen], labels[chosen]
        layer = cls(len(features), features.shape[1], num_classes)
        layer.features.copy_(normalize(torch.from_numpy(features)))
        layer.labels.copy_(torch.from_numpy(labels))
        return layer

    def forward(self, seen: Tensor) -> Tensor:
        similarity = normalize(seen.flatten(1)) @ self.features.T
        nearest, places = similarity.topk(min(_NUM_NEIGHBOURS, len(self.labels)))
        weights = (nearest / _TEMPERATURE).softmax(dim=1)
        votes = one_hot(self.labels[places], self._num_classes)
        return ((weights.unsqueeze(2) * votes).sum(dim=1) + _LEAST_SHARE).log()
