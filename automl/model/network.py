"""Building a timm model for our classes, with weights where they can be had."""

import json
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors.torch import load, load_file
from torch import Tensor, nn

from automl import errors
from automl.jobs import model_catalog
from automl.jobs.hyperparameters import Hyperparameters
from automl.model import blocks, pretrained_weights
from automl.model.warm_start import EarlierModel

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
    """`random`, the folder the pretrained weights came from, or the earlier trial."""

    has_new_head: bool = False
    """The last layer is new on top of weights that are not."""

    frozen: list[str] = field(default_factory=list)
    """Names of the parameters that are not trained."""

    notes: list[str] = field(default_factory=list)


def build(
    hyperparameters: Hyperparameters,
    class_names: list[str],
    earlier: EarlierModel | None = None,
) -> BuiltModel:
    """The network asked for, on the CPU; `linear_probe` still has its head at zero.

    Raises:
        weights.WeightsMissingError: weights are required and there are none.
        ValueError: more blocks are to be frozen than there are.
    """
    name = model_catalog.timm_name(hyperparameters.model_name)
    folder = None
    if earlier is None and hyperparameters.pretrained != "never":
        folder = pretrained_weights.find(name)
    if earlier is not None:
        built = _from_earlier(earlier, class_names, hyperparameters)
    elif folder is not None:
        built = _from_folder(name, folder, len(class_names), hyperparameters)
    elif hyperparameters.pretrained == "required":
        raise errors.WeightsMissingError(
            f"pretrained is required, but there are no weights for {name}: neither in "
            f"AUTOML_WEIGHTS_DIR nor from the Hugging Face Hub. Put them into "
            f"AUTOML_WEIGHTS_DIR/{name}/, connect to the network, or use pretrained: auto."
        )
    else:
        built = _from_scratch(name, len(class_names), hyperparameters)
    if hyperparameters.head_init == "zero" or (
        built.has_new_head and hyperparameters.head_init in ("auto", "linear_probe")
    ):
        # timm draws some families' new heads so wide that fine-tuning collapses
        for parameter in blocks.last_layer(built.network).parameters():
            nn.init.zeros_(parameter)
    frozen = blocks.freeze(built.network, name.partition(".")[0], hyperparameters.layers_to_freeze)
    built.frozen = frozen
    return built


def _create(
    source: str, num_classes: int, hyperparameters: Hyperparameters, **options: Any
) -> tuple[nn.Module, list[str]]:
    """timm's model, and what it does not know."""
    rate = hyperparameters.drop_path_rate
    create = partial(timm.create_model, source, num_classes=num_classes, exportable=True, **options)
    if not rate:
        return create(), []
    try:
        return create(drop_path_rate=rate), []
    except TypeError as error:
        if "drop_path_rate" not in str(error):
            raise
        note = f"drop_path_rate has no effect: {hyperparameters.model_name} does not know it."
        return create(), [note]


def _from_scratch(name: str, num_classes: int, hyperparameters: Hyperparameters) -> BuiltModel:
    network, notes = _create(name.partition(".")[0], num_classes, hyperparameters)
    note = "Trained from scratch, as asked."
    if hyperparameters.pretrained == "auto":
        note = (
            "Trained from scratch: no pretrained weights in AUTOML_WEIGHTS_DIR "
            "and none from the Hugging Face Hub."
        )
    return BuiltModel(network, notes=[note, *notes])


def _from_folder(
    name: str, folder: Path, num_classes: int, hyperparameters: Hyperparameters
) -> BuiltModel:
    network, notes = _create(f"local-dir:{folder}", num_classes, hyperparameters, pretrained=True)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    pretrained = {**config, **config.get("pretrained_cfg", {})}
    return BuiltModel(
        network,
        mean=tuple(pretrained.get("mean", _IMAGENET_MEAN)),
        std=tuple(pretrained.get("std", _IMAGENET_STD)),
        weights=str(folder),
        has_new_head=True,
        notes=[f"Started from pretrained weights of {name}.", *notes],
    )


def _from_earlier(
    earlier: EarlierModel, class_names: list[str], hyperparameters: Hyperparameters
) -> BuiltModel:
    description = earlier.description
    network, notes = _create(
        description.timm_name.partition(".")[0], len(class_names), hyperparameters
    )
    stored = (
        load_file(earlier.weights) if isinstance(earlier.weights, Path) else load(earlier.weights)
    )
    has_new_head = description.class_names != class_names
    note = f"Started from the model of {earlier.name} after epoch {description.epoch}."
    if has_new_head:
        note += " Its classes are others: the last layer is new."
        head = {
            id(tensor) for tensor in blocks.last_layer(network).state_dict(keep_vars=True).values()
        }
        own = network.state_dict(keep_vars=True)
        stored |= {name: tensor.detach() for name, tensor in own.items() if id(tensor) in head}
    network.load_state_dict(stored)
    return BuiltModel(
        network,
        mean=description.mean,
        std=description.std,
        weights=earlier.name,
        has_new_head=has_new_head,
        notes=[note, *notes],
    )


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
