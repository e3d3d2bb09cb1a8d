"""Tensors out of a checkpoint of any origin, read without running what is in it."""

import pickle
import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from automl.errors import UserError

_NESTED = ("state_dict_ema", "model_ema", "state_dict", "model_state_dict", "model", "net")
"""Keys under which training programs store the weights, running means first."""

_PREFIXES = ("module.", "_orig_mod.")
"""Prefixes of every name after data-parallel training and compilation."""


def read(path: Path) -> dict[str, Tensor]:
    """Name -> tensor on the CPU, in the order of the file.

    Raises:
        UserError: the file is missing, damaged, not a checkpoint, or holds more than tensors.
    """
    if not path.is_file():
        raise UserError(f"{path} is not a file. Give a checkpoint: .safetensors, .pth or .pt.")
    if path.stat().st_size == 0:
        raise UserError(f"{path} is empty. Download it again.")
    content = _safetensors(path) if path.suffix == ".safetensors" else _pickled(path)
    tensors = _tensors(content)
    if not tensors:
        raise UserError(f"{path} holds no tensors by name. Give a file with a state dict of torch.")
    return tensors


def _safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return dict(load_file(path))
    except (SafetensorError, OSError) as error:
        raise UserError(
            f"{path} is not a safetensors file, or its end is missing ({error}). Download it again."
        ) from error


def _pickled(path: Path) -> Any:
    try:
        with warnings.catch_warnings(action="ignore"):  # of the version of the pickle
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "Unsupported" in str(error) and _is_pickle(path):
            raise UserError(
                f"{path} holds other objects than tensors, and loading them would run code from "
                "the file. Save the state dict alone, best as .safetensors."
            ) from error
        raise UserError(_not_a_checkpoint(path)) from error
    except Exception as error:  # any bytes may be a pickle, so any error may come from it
        raise UserError(_not_a_checkpoint(path)) from error


def _is_pickle(path: Path) -> bool:
    """True for torch's zip file, and for the pickles before it."""
    with path.open("rb") as file:
        return file.read(2).startswith((b"PK", b"\x80"))


def _not_a_checkpoint(path: Path) -> str:
    return f"{path} is not a checkpoint of torch, or its end is missing. Download it again."


def _tensors(content: Any) -> dict[str, Tensor]:
    if not isinstance(content, dict):
        return {}
    for key in _NESTED:
        if isinstance(content.get(key), dict):
            return _tensors(content[key])
    found = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
    for prefix in _PREFIXES:
        if found and all(name.startswith(prefix) for name in found):
            found = {name.removeprefix(prefix): value for name, value in found.items()}
    return found
