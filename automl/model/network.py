"""A timm network for a number of classes, how its head starts, and its normalisation.

A copy of this file travels with exported training code: torch and timm are all it needs.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor, nn

from automl.model.blocks import last_layer


class Normalised(nn.Module):
    """A network with its normalisation in front: pixels in 0 to 1 in, logits out."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        logits: Tensor = self.network((pixels - self.mean) / self.std)
        return logits


def probabilities_of(logits: Tensor, *, has_label_sets: bool) -> Tensor:
    """Convert logits (..., K): of labels that do not exclude each other each by itself."""
    return logits.sigmoid() if has_label_sets else logits.softmax(dim=-1)


def create(
    source: str, num_classes: int, *, pretrained: bool = False, drop_path_rate: float = 0.0
) -> nn.Module:
    """The network as timm makes it, with a last layer of `num_classes` rows.

    Args:
        source: name of a model, or `local-dir:` and a folder of weights in timm's layout.
        num_classes: number of classes.
        pretrained: load the weights of the source.
        drop_path_rate: share of residual branches left out during training.

    Raises:
        TypeError: the model has no `drop_path_rate`, and it is not 0.
    """
    options: dict[str, Any] = {"drop_path_rate": drop_path_rate} if drop_path_rate else {}
    if "_dinov2" in _architecture(source):
        # made for 518 px, which cost 8 times as much as 224 px
        options["dynamic_img_size"] = True
    network: nn.Module = timm.create_model(
        source, pretrained=pretrained, num_classes=num_classes, exportable=True, **options
    )
    return network


def _architecture(source: str) -> str:
    folder = source.removeprefix("local-dir:")
    if folder == source:
        return source.partition(".")[0]
    config = json.loads((Path(folder) / "config.json").read_text("utf-8"))
    return str(config.get("architecture", ""))


def starts_at_zero(head_init: str, *, has_new_head: bool) -> bool:
    """True if the last layer starts with all weights at zero.

    timm draws the new heads of some families so wide that fine-tuning collapses. A head that a
    linear probe is going to fill is zero until then.
    """
    return head_init == "zero" or (has_new_head and head_init in ("auto", "linear_probe"))


def zero_head(network: nn.Module) -> None:
    """Set all weights of the last layer to zero."""
    for parameter in last_layer(network).parameters():
        nn.init.zeros_(parameter)


def count_parameters(network: nn.Module) -> dict[str, int]:
    """Number of weights, and number of those that are trained."""
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in network.parameters()]
    return {
        "num_parameters": sum(size for size, _ in sizes),
        "num_trained_parameters": sum(size for size, is_trained in sizes if is_trained),
    }
