"""Building a timm model for our classes, with weights where they can be had."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import timm
import torch
from timm.models import group_parameters
from torch import Tensor, nn

from automl import model_catalog
from automl.engine import weights
from automl.hyperparameters import Hyperparameters

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass
class BuiltModel:
    """A model and what was decided while building it.

    mean, std: normalisation of RGB values in 0 to 1.
    """

    network: nn.Module
    mean: tuple[float, ...] = _IMAGENET_MEAN
    std: tuple[float, ...] = _IMAGENET_STD
    weights: str = "random"
    """`random`, or the folder the pretrained weights came from."""

    notes: list[str] = field(default_factory=list)


def build(hyperparameters: Hyperparameters, num_classes: int) -> BuiltModel:
    """The network asked for, on the CPU.

    Raises:
        weights.WeightsMissingError: weights are required and there are none.
    """
    name = model_catalog.timm_name(hyperparameters.model_name)
    folder = None if hyperparameters.pretrained == "never" else weights.find(name)
    if folder is None and hyperparameters.pretrained == "required":
        raise weights.WeightsMissingError(
            f"pretrained is required, but there are no weights for {name}: neither in "
            f"AUTOML_WEIGHTS_DIR nor from the Hugging Face Hub. Put them into "
            f"AUTOML_WEIGHTS_DIR/{name}/, connect to the network, or use pretrained: auto."
        )
    if folder is None:
        built = _from_scratch(name, num_classes, hyperparameters)
    else:
        built = _from_folder(name, folder, num_classes)
    _freeze(built.network, hyperparameters.layers_to_freeze)
    return built


def _from_scratch(name: str, num_classes: int, hyperparameters: Hyperparameters) -> BuiltModel:
    network = timm.create_model(
        name.partition(".")[0], pretrained=False, num_classes=num_classes, exportable=True
    )
    note = "Trained from scratch, as asked."
    if hyperparameters.pretrained == "auto":
        note = (
            "Trained from scratch: no pretrained weights in AUTOML_WEIGHTS_DIR "
            "and none from the Hugging Face Hub."
        )
    return BuiltModel(network, notes=[note])


def _from_folder(name: str, folder: Path, num_classes: int) -> BuiltModel:
    network = timm.create_model(
        f"local-dir:{folder}", pretrained=True, num_classes=num_classes, exportable=True
    )
    # timm draws some families' new heads so wide that fine-tuning collapses
    for parameter in _head(network).parameters():
        nn.init.zeros_(parameter)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    pretrained = {**config, **config.get("pretrained_cfg", {})}
    return BuiltModel(
        network,
        mean=tuple(pretrained.get("mean", _IMAGENET_MEAN)),
        std=tuple(pretrained.get("std", _IMAGENET_STD)),
        weights=str(folder),
        notes=[f"Started from pretrained weights of {name}."],
    )


def _head(network: nn.Module) -> nn.Module:
    head = network.get_classifier()  # type: ignore[operator]
    assert isinstance(head, nn.Module)
    return head


def _freeze(network: nn.Module, num_blocks: int) -> None:
    """Stop training of the first blocks, in timm's own order from the input."""
    if not num_blocks:
        return
    matcher = network.group_matcher(coarse=True)  # type: ignore[operator]
    groups: dict[int, list[str]] = group_parameters(network, matcher)
    parameters = dict(network.named_parameters())
    for group in sorted(groups)[:num_blocks]:
        for name in groups[group]:
            parameters[name].requires_grad_(False)


def count_parameters(network: nn.Module) -> dict[str, int]:
    """How many weights there are, and how many of them are trained."""
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in network.parameters()]
    return {
        "num_parameters": sum(size for size, _ in sizes),
        "num_trained_parameters": sum(size for size, trained in sizes if trained),
    }


class Normalised(nn.Module):
    """Pixels in 0 to 1 in, logits out: the normalisation travels with the model."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, mean: Any, std: Any) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        logits: Tensor = self.network((pixels - self.mean) / self.std)
        return logits
