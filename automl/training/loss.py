"""What is minimised, and the blending of pictures that changes the targets."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.transforms import v2

from automl.jobs.hyperparameters import Hyperparameters


def make_loss(hyperparameters: Hyperparameters, counts: NDArray[np.int64]) -> nn.CrossEntropyLoss:
    """Cross-entropy; a class of n of the N pictures weighs N / (K n), or the root of it."""
    weights = None
    if hyperparameters.weighted_loss:
        balanced = counts.sum() / (len(counts) * counts.clip(min=1))
        power = 0.5 if hyperparameters.weighted_loss == 1 else 1.0
        weights = torch.tensor(balanced**power, dtype=torch.float32)
    return nn.CrossEntropyLoss(weights, label_smoothing=hyperparameters.label_smoothing)


class Mixing:
    """Mixup (Zhang et al. 2018) and CutMix (Yun et al. 2019), a share drawn for every batch."""

    def __init__(self, hyperparameters: Hyperparameters, num_classes: int) -> None:
        kinds = ((v2.MixUp, hyperparameters.mixup), (v2.CutMix, hyperparameters.cutmix))
        self._ways = [
            kind(alpha=alpha, num_classes=num_classes)
            for kind, alpha in kinds
            if alpha and num_classes > 1
        ]

    def __call__(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Pixels (B, 3, H, W) and class indices (B,) to pixels and class shares (B, K)."""
        if not self._ways:
            return pixels, labels
        way = self._ways[int(torch.randint(len(self._ways), ()))]
        mixed: tuple[Tensor, Tensor] = way(pixels, labels)
        return mixed
