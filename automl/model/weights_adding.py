"""A checkpoint that somebody has, recognised by its tensors and put into the weights folder."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import timm
from torch import Tensor

from automl.errors import UserError
from automl.host import home
from automl.jobs import licences, model_catalog
from automl.model import checkpoint_file, weights_folder, weights_import

_FROM_CONFIG = ("mean", "std", "input_size", "crop_pct", "crop_mode", "interpolation")
"""Preprocessing that `config.json` beside a checkpoint states."""


@dataclass(frozen=True)
class Added:
    """Weights that were put into the weights folder."""

    folder: Path
    timm_name: str
    licence: str | None
    notes: list[str]
    """Sentences on what is assumed or unknown about them."""


def add(
    file: Path, *, name: str | None = None, licence: str | None = None, replace: bool = False
) -> Added:
    """Write a checkpoint as pretrained weights of a model.

    Args:
        file: the checkpoint.
        name: its model, by our name or timm's; recognised by the tensors if left out.
        licence: its licence, if `config.json` beside it does not state one.
        replace: replace the weights of the same model.

    Raises:
        UserError: the file is not a checkpoint of a network we know, or there are weights already.
    """
    stated = licences.identifier(licence, "--licence") if licence is not None else None
    tensors = checkpoint_file.read(file)
    beside = _configuration_beside(file)
    timm_name = _timm_name(name) if name else _recognised(file, tensors, beside)
    own = weights_import.matched(tensors, timm_name.partition(".")[0])
    if own is None:
        raise UserError(f"The tensors of {file} are not those of {timm_name}.")
    stated = stated or beside.get("license") or (_licence_of(timm_name) if name else None)
    folder = home.weights_dir() / timm_name
    config = {key: beside[key] for key in _FROM_CONFIG if key in beside} | {"license": stated}
    try:
        weights_import.write(folder, timm_name, own, config=config, replace=replace)
    except FileExistsError:
        raise UserError(f"{folder} exists. Remove it, or replace it with --replace.") from None
    return Added(folder, timm_name, stated, _notes(timm_name, beside, stated))


def recognise(tensors: Mapping[str, Tensor], timm_names: Iterable[str]) -> list[str]:
    """Architectures of the models that have these tensors; their tags name weights, not tensors."""
    return [name.partition(".")[0] for name in weights_import.fitting(tensors, timm_names)]


def _recognised(file: Path, tensors: Mapping[str, Tensor], beside: Mapping[str, Any]) -> str:
    architecture = beside.get("architecture")
    if isinstance(architecture, str) and model_catalog.is_timm_name(architecture):
        return architecture
    found = recognise(tensors, [model.timm_name for model in model_catalog.MODELS.values()])
    if not found:
        raise UserError(
            f"No network that is offered here has the {len(tensors)} tensors of {file}. "
            "If timm has it, name it: --name resnet50d."
        )
    if len(found) > 1:
        raise UserError(f"{file} fits {' and '.join(found)}. Name one: --name {found[0]}.")
    return found[0]


def _timm_name(name: str) -> str:
    """timm's name of a model that the user named.

    Raises:
        UserError: there is no such model, or timm knows no weights of this tag.
    """
    timm_name = model_catalog.timm_name(model_catalog.check_name(name))
    try:
        timm.get_pretrained_cfg(timm_name)
    except RuntimeError as error:
        architecture = timm_name.partition(".")[0]
        raise UserError(
            f"timm has no weights of the name {timm_name}. Leave out the tag: {architecture}."
        ) from error
    return timm_name


def _licence_of(timm_name: str) -> str | None:
    """Licence that timm states for weights that are named with their tag."""
    config = timm.get_pretrained_cfg(timm_name) if "." in timm_name else None
    return config.license if config else None


def _configuration_beside(file: Path) -> dict[str, Any]:
    if not (file.parent / weights_folder.CONFIG).is_file():
        return {}
    try:
        return weights_folder.configuration(file.parent)
    except ValueError as error:
        path = file.parent / weights_folder.CONFIG
        raise UserError(f"{path} cannot be read: {error}. Mend it, or move the file.") from error


def _notes(timm_name: str, beside: Mapping[str, Any], licence: str | None) -> list[str]:
    notes = []
    if "mean" not in beside or "std" not in beside:
        config = timm.get_pretrained_cfg(timm_name)
        notes.append(
            f"Nothing says how the pictures were normalised. Assumed is what timm has for "
            f"{timm_name}: mean {list(config.mean)}, std {list(config.std)}. If the weights were "
            f"trained with other values, write them into {weights_folder.CONFIG}."
        )
    if licence is None:
        notes.append("Its licence is not known. Say it with --licence and --replace.")
    return notes
