"""A model on disk: weights as safetensors, everything else as JSON; nothing is pickled."""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from automl.errors import UserError
from automl.host import atomic
from automl.model import baselines, blocks, several_networks
from automl.model.description import ModelDescription
from automl.model.network import Normalised, create
from automl.model.stages import Stages


def save(folder: Path, network: Normalised, description: ModelDescription) -> None:
    """Write `model.safetensors` and `model.json`."""
    folder.mkdir(exist_ok=True)
    weights = {
        name: tensor.detach().cpu().contiguous()
        for name, tensor in network.network.state_dict().items()
    }
    save_file(weights, folder / "model.safetensors")
    atomic.write_text(folder / "model.json", description.model_dump_json(indent=1))


def epoch_folder(epoch: int) -> str:
    """Folder name of a model kept because of `checkpoint_frequency`."""
    return f"epoch-{epoch:04d}"


def load(folder: Path) -> tuple[Normalised, ModelDescription]:
    """The model with its normalisation in front, in evaluation mode, and its description.

    Raises:
        UserError: the files are damaged or of a model that cannot be built here.
    """
    try:
        return _load(folder)
    except Exception as error:  # the errors of safetensors, timm and torch have no common base
        reason = str(error).partition("\n")[0]
        raise UserError(
            f"The checkpoint {folder} cannot be loaded ({type(error).__name__}: {reason}). "
            "Choose another trial."
        ) from error


def _load(folder: Path) -> tuple[Normalised, ModelDescription]:
    description = ModelDescription.model_validate_json((folder / "model.json").read_bytes())
    weights = load_file(folder / "model.safetensors")
    _check_sizes(description, weights)
    network = _empty(description, weights)
    network.load_state_dict(weights)
    return Normalised(network, description.mean, description.std).eval(), description


def _check_sizes(description: ModelDescription, weights: dict[str, Tensor]) -> None:
    """Compare a network that takes no memory yet with its weights.

    The description of a shared model could name a network of any size.

    Raises:
        UserError: they do not belong together.
    """
    with torch.device("meta"):
        described = _empty(description, weights).state_dict()
    shapes, stored = ({n: t.shape for n, t in named.items()} for named in (described, weights))
    if shapes != stored:
        raise UserError(
            f"model.json describes {description.timm_name} for {len(description.class_names)} "
            "classes, but model.safetensors holds the weights of another network"
        )


def _empty(description: ModelDescription, weights: dict[str, Tensor]) -> nn.Module:
    """The network without its weights, which decide some of its sizes."""
    num_classes = len(description.class_names)
    if description.parts:
        sizes = [part.validation_crop_size for part in description.parts]
        parts = [
            Normalised(
                _empty(part, _below(f"parts.{index}.network.", weights)), part.mean, part.std
            )
            for index, part in enumerate(description.parts)
        ]
        if description.head == "averaged":
            return several_networks.Averaged(
                parts,
                sizes,
                description.part_weights,
                has_label_sets=description.has_label_sets,
            )
        return several_networks.Concatenated(
            parts, sizes, len(weights["shift"]), num_classes, is_mirrored=description.is_mirrored
        )
    network = create(description.architecture, num_classes)
    if description.head == "nearest_neighbours":
        blocks.replace_last_layer(network, baselines.empty_neighbours(weights, num_classes))
    elif description.head == "none":
        blocks.replace_last_layer(network, nn.Identity())
    elif description.head == "stages":
        blocks.replace_last_layer(network, nn.Identity())
        return Stages(network)
    return network


def _below(prefix: str, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of one module, by their names within it."""
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in weights.items()
        if name.startswith(prefix)
    }
