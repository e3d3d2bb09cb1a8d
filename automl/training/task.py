"""The task of a training: its targets, its loss and the probabilities that it predicts.

Each task is a class with the methods of `Task`, chosen by the shape of the labels in `task_for`.

A copy of this file travels with exported training code.
"""

from typing import Any, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid
from torchvision.transforms import v2

from automl.training.recipe import Recipe

_LEAST = 1e-8


class Task(Protocol):
    """Parts of the learner that depend on the task; targets are those that `mix` returns."""

    def to(self, device: torch.device) -> Self:
        """Move the weights of the loss to the device of the logits."""

    @property
    def is_mixed(self) -> bool:
        """True if `mix` mixes each picture with the one before it in the batch."""

    def mix(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Pixels (B, 3, H, W) and targets, mixed with those of other pictures of the batch."""

    def loss_sum(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Sum of the pictures' losses, each times its weight."""

    def weight_sum(self, targets: Tensor) -> Tensor | float:
        """Sum of the weights, by which `loss_sum` is divided for the mean loss."""

    def probabilities(self, logits: Tensor) -> Tensor:
        """Probabilities (B, K) from logits."""

    def mean_loss(self, probabilities: NDArray[np.float32], labels: NDArray[Any]) -> float:
        """Mean loss of probabilities (N, K), without weights and label smoothing."""

    def class_weights(self) -> list[float] | str:
        """Weights of the classes in the loss, for the records."""


def task_for(recipe: Recipe, labels: NDArray[Any], num_classes: int) -> Task:
    """The task of labels: class indices (N,), or the labels of each picture (N, K)."""
    if labels.ndim == 2:
        return LabelSets(recipe, labels.mean(axis=0))
    return SingleLabel(recipe, np.bincount(labels, minlength=num_classes))


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

    def to(self, device: torch.device) -> Self:
        """Move the class weights to the device of the logits."""
        self.loss.to(device)
        return self

    @property
    def is_mixed(self) -> bool:
        """True if `mix` mixes each picture with the one before it in the batch."""
        return bool(self._mixers)

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

    def class_weights(self) -> list[float] | str:
        """Weights of the classes, or `equal`."""
        weight = self.loss.weight
        return "equal" if weight is None else [round(each, 4) for each in weight.tolist()]

    def mean_loss(self, probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
        """Cross-entropy of probabilities (N, K), without class weights and label smoothing."""
        chosen = probabilities[np.arange(len(labels)), labels]
        return float(-np.log(np.clip(chosen, 1e-12, None)).mean())


class LabelSets:
    """A picture has any of K labels: binary cross-entropy of each, and sigmoid."""

    def __init__(self, recipe: Recipe, frequencies: NDArray[np.floating]) -> None:
        """frequencies: (K,) share of the training pictures with each label."""
        kind = _AsymmetricLoss if recipe.loss == "asymmetric" else _BinaryCrossEntropy
        self.loss = kind(recipe, torch.from_numpy(frequencies).float())
        kinds = ((v2.MixUp, recipe.mixup), (v2.CutMix, recipe.cutmix))
        self._mixers = [kind(alpha=alpha, num_classes=None) for kind, alpha in kinds if alpha]

    def to(self, device: torch.device) -> Self:
        """Move the weights of the labels to the device of the logits."""
        self.loss.to(device)
        return self

    @property
    def is_mixed(self) -> bool:
        """True if `mix` mixes each picture with the one before it in the batch."""
        return bool(self._mixers)

    def mix(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Pixels (B, 3, H, W) and targets (B, K) in 0 to 1.

        With mixup and CutMix a label has the share of the pictures that have it; with both on, one
        of them is drawn for the batch.
        """
        targets = labels.float()
        if not self._mixers:
            return pixels, targets
        mixer = self._mixers[int(torch.randint(len(self._mixers), ()))]
        mixed: tuple[Tensor, Tensor] = mixer(pixels, targets)
        return mixed

    def loss_sum(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Sum over the pictures of the mean loss of their labels."""
        total: Tensor = self.loss(logits, targets)
        return total

    def weight_sum(self, targets: Tensor) -> float:
        """The number of pictures: weights of labels are 1 on average."""
        return float(len(targets))

    def probabilities(self, logits: Tensor) -> Tensor:
        """(B, K), each label's by itself."""
        return logits.sigmoid()

    def class_weights(self) -> list[float] | str:
        """Weights of the labels where they are present, or `equal`."""
        present = self.loss.present
        is_weighted = bool((present != 1).any())
        return [round(each, 4) for each in present.tolist()] if is_weighted else "equal"

    def mean_loss(self, probabilities: NDArray[np.float32], labels: NDArray[np.bool_]) -> float:
        """Binary cross-entropy of probabilities (N, K), without weights and label smoothing."""
        likely = np.where(labels, probabilities, 1 - probabilities)
        return float(-np.log(np.clip(likely, 1e-12, None)).mean())


class _BinaryCrossEntropy(nn.Module):
    """Binary cross-entropy with logits, the mean over the labels and the sum over the pictures.

    With `weighted_loss` 2 both answers of a label have the same weight in total, N / (2 n) for the
    n of N pictures with it, or without it; 1 takes the square root. Label smoothing s moves targets
    from 0 and 1 to s / 2 and 1 - s / 2.
    """

    present: Tensor
    absent: Tensor

    def __init__(self, recipe: Recipe, frequencies: Tensor) -> None:
        super().__init__()
        self.label_smoothing = recipe.label_smoothing
        power = {0: 0.0, 1: 0.5, 2: 1.0}[recipe.weighted_loss]
        for name, share in (("present", frequencies), ("absent", 1 - frequencies)):
            # a label that no picture has, or all have, gives no reason to weigh it
            weight = torch.where((share > 0) & (share < 1), 0.5 / share.clamp_min(1e-9), 1.0)
            self.register_buffer(name, weight**power)

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        smoothed = targets * (1 - self.label_smoothing) + self.label_smoothing / 2
        weights = targets * self.present + (1 - targets) * self.absent
        return (self._losses(logits, smoothed) * weights).mean(dim=1).sum()

    def _losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        return binary_cross_entropy_with_logits(logits, targets, reduction="none")


class _AsymmetricLoss(_BinaryCrossEntropy):
    """Asymmetric loss (Ridnik et al. 2021), with the weights and the smoothing of its base.

    With the probability p of a label and p' = max(p - margin, 0) it is -(1 - p)^g log(p) where the
    label is there and -p'^h log(1 - p') where it is not, g and h being the two gammas.
    """

    def __init__(self, recipe: Recipe, frequencies: Tensor) -> None:
        super().__init__(recipe, frequencies)
        self.gammas = recipe.asymmetric_loss_gamma_positive, recipe.asymmetric_loss_gamma_negative
        self.margin = recipe.asymmetric_loss_margin

    def _losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        positive, negative = self.gammas
        logits = logits.float()  # half precision has too few digits near 0 and 1
        # above 0 so that a power below 1, and the logarithm, have a finite slope
        there = -logsigmoid(logits) * (-logits).sigmoid().clamp_min(_LEAST) ** positive
        shifted = (logits.sigmoid() - self.margin).clamp_min(_LEAST)
        absent = -(1 - shifted).clamp_min(_LEAST).log() * shifted**negative
        return targets * there + (1 - targets) * absent


def _class_weights(weighted_loss: int, counts: NDArray[np.int64]) -> Tensor | None:
    """N / (K n) for a class with n of N pictures; 1: its square root; 0: no weights."""
    if not weighted_loss:
        return None
    balanced = counts.sum() / (len(counts) * counts.clip(min=1))
    return torch.tensor(balanced ** (0.5 if weighted_loss == 1 else 1.0), dtype=torch.float32)
