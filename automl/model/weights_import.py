"""A checkpoint of any origin, written as pretrained weights in timm's `local-dir` layout.

`python -m automl.model.weights_import FILE TIMM_NAME ORIGIN FOLDER` does it for a process that must
not import torch.
"""

import functools
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import timm
import torch
from timm.models import save_for_hf
from torch import Tensor, nn

from automl.errors import UserError
from automl.host import atomic
from automl.model import blocks, checkpoint_file, weights_folder, weights_matching


@dataclass(frozen=True)
class Network:
    """Tensors of a timm network with a last layer of 1,000 rows."""

    shapes: dict[str, tuple[int, ...]]
    head: tuple[str, ...]
    """Names of the tensors of its last layer, the one that ends in the classes last."""


@functools.cache
def network(architecture: str) -> Network:
    """The tensors of timm's network; nothing is computed or held in memory."""
    made = _on_no_device(architecture, 1000)
    tensors = made.state_dict(keep_vars=True)
    of_head = {id(tensor) for tensor in blocks.last_layer(made).state_dict(keep_vars=True).values()}
    return Network(
        {name: tuple(tensor.shape) for name, tensor in tensors.items()},
        tuple(name for name, tensor in tensors.items() if id(tensor) in of_head),
    )


def matched(tensors: Mapping[str, Tensor], architecture: str) -> dict[str, Tensor] | None:
    """The tensors under timm's names, or None if they are not of this network."""
    wanted = network(architecture)
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    pairs = weights_matching.pairs(shapes, wanted.shapes, wanted.head)
    return None if pairs is None else {ours: tensors[theirs] for ours, theirs in pairs.items()}


def fitting(tensors: Mapping[str, Tensor], timm_names: Iterable[str]) -> list[str]:
    """Those of the models whose network has these tensors."""
    return [name for name in timm_names if matched(tensors, name.partition(".")[0]) is not None]


def write(
    folder: Path,
    timm_name: str,
    tensors: Mapping[str, Tensor],
    *,
    config: Mapping[str, Any] | None = None,
    replace: bool = False,
) -> None:
    """Write tensors under timm's names as a folder that appears complete or not at all.

    Args:
        folder: the name it gets.
        timm_name: the model; its own configuration in timm is the base of `config.json`.
        tensors: every tensor of the network; those of the last layer may be missing.
        config: entries that take the place of timm's, such as mean, std and license.
        replace: replace a folder of that name.

    Raises:
        FileExistsError: there is one of that name, and `replace` is False.
        UserError: only a part of the last layer is there.
    """
    head = network(timm_name.partition(".")[0]).head
    layers = [tensors[name] for name in head if name.endswith("weight") and name in tensors]
    made = _on_no_device(timm_name, len(layers[-1]) if layers else 0)
    # copies: tensors that share memory, or are views of others, cannot be saved
    own = {
        name: tensor.clone(memory_format=torch.contiguous_format)
        for name, tensor in tensors.items()
    }
    try:
        made.load_state_dict(own, assign=True)
    except RuntimeError as error:
        raise UserError(f"The last layer is not that of {timm_name}: {error}") from error
    with atomic.new_folder(folder, overwrite=replace) as partial:
        save_for_hf(
            made,
            str(partial),
            model_config={"pretrained_cfg": dict(config or {})},
            safe_serialization=True,
        )
        weights_folder.seal(partial)


def _on_no_device(name: str, num_classes: int) -> nn.Module:
    with torch.device("meta"):
        made: nn.Module = timm.create_model(name, num_classes=num_classes)
    return made


def convert(source: Path, timm_name: str, origin: str, folder: Path) -> None:
    """Write a checkpoint as a folder, or replace one.

    Raises:
        UserError: it cannot be read, or its tensors are not those of the model.
    """
    tensors = matched(checkpoint_file.read(source), timm_name.partition(".")[0])
    if tensors is None:
        raise UserError(f"its tensors are not those of {timm_name}.")
    write(folder, timm_name, tensors, config={"origin_url": origin}, replace=True)


def main(source: str, timm_name: str, origin: str, folder: str) -> int:
    """Convert a file; returns the exit code, and says on standard error what is wrong."""
    try:
        convert(Path(source), timm_name, origin, Path(folder))
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
