"""The task of a training: its targets, its loss and the probabilities that it predicts.

`SingleLabel` is the only one. Another task (several labels a picture) is a class with the same
methods, chosen where the learner is created.

A copy of this file travels with exported training code.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.transforms import v2

from automl.training.recipe import Recipe


class SingleLabel:
    """Every picture has one of K classes: cross-entropy, and softmax for the probabilities."""

    def __init__(self, recipe: Recipe, class_counts: NDArray[np.int64]) -> None:
        """class_counts: training pictures of every class (K,)."""
        self.loss = nn.CrossEntropyLoss(
            _class_weights(recipe.weighted_loss, class_counts),
            label_smoothing=recipe.label_smoothing,
            reduction="sum",
        )
        # Mixup (Zhang et al. 2018) and CutMix (Yun et al. 2019)
        kinds = ((v2.MixUp, recipe.mixup), (v2.CutMix, recipe.cutmix))
        num_classes = len(class_counts)
        self._mixers = [
            kind(alpha=alpha, num_classes=num_classes)
            for kind, alpha in kinds
            if alpha and num_classes > 1
        ]

    def to(self, device: torch.device) -> "SingleLabel":
        """Move the class weights to the device of the logits."""
        self.loss.to(device)
        return self

    def mix(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Pixels (B, 3, H, W) and targets, mixed with those of other pictures of the batch.

        Targets are class indices (B,), or shares of the classes (B, K) if mixing is on. With
        mixup and CutMix both on, one of them is drawn for the batch.
        """
        if not self._mixers:
            return pixels, labels
        mixer = self._mixers[int(torch.randint(len(self._mixers), ()))]
        mixed: tuple[Tensor, Tensor] = mixer(pixels, labels)
        return mixed

    def loss_sum(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Sum of the pictures' losses, each times the weight of its class."""
        total: Tensor = self.loss(logits, targets)
        return total

    def weight_sum(self, targets: Tensor) -> Tensor | float:
        """Sum of the class weights, by which `loss_sum` is divided for the mean loss.

        As in torch's cross-entropy: with shares of classes it is the number of pictures.
        """
        if self.loss.weight is None or targets.is_floating_point():
            return float(len(targets))
        return self.loss.weight[targets].sum()

    def probabilities(self, logits: Tensor) -> Tensor:
        """(B, K), rows sum to 1."""
        return logits.softmax(dim=1)

    def mean_loss(self, probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
        """Cross-entropy of probabilities (N, K), without class weights and label smoothing."""
        chosen = probabilities[np.arange(len(labels)), labels]
        return float(-np.log(np.clip(chosen, 1e-12, None)).mean())


def _class_weights(weighted_loss: int, counts: NDArray[np.int64]) -> Tensor | None:
    """N / (K n) for a class with n of N pictures; 1: its square root; 0: no weights."""
    if not weighted_loss:
        return None
    balanced = counts.sum() / (len(counts) * counts.clip(min=1))
    return torch.tensor(balanced ** (0.5 if weighted_loss == 1 else 1.0), dtype=torch.float32)
