"""Check the weights in the weights folder, with one sentence for each."""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from automl.errors import UserError
from automl.jobs import model_catalog
from automl.model import checkpoint_file, weights_folder, weights_import, weights_normalisation


@dataclass(frozen=True)
class Verdict:
    """The state of one folder of weights."""

    name: str
    is_usable: bool
    said: str


def check(root: Path, pictures: Path | None = None) -> list[Verdict]:
    """Look at every folder of weights, in the order of their names.

    Args:
        root: the weights folder.
        pictures: folder of photos, with which mean and standard deviation are measured.

    Raises:
        UserError: there are no pictures in the folder.
    """
    pixels = None if pictures is None else weights_normalisation.read(pictures)
    if not root.is_dir():
        return []
    folders = [path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")]
    return [_verdict(folder, pixels) for folder in sorted(folders)]


def _verdict(folder: Path, pixels: Tensor | None) -> Verdict:
    try:
        said = _state(folder)
        if pixels is not None:
            said += f" {_measured(folder, pixels)}"
        return Verdict(folder.name, True, said)
    except UserError as error:
        return Verdict(folder.name, False, str(error))


def _state(folder: Path) -> str:
    """Describe usable weights.

    Raises:
        UserError: they cannot be used.
    """
    for name in (weights_folder.CONFIG, weights_folder.WEIGHTS):
        if not (folder / name).is_file():
            raise UserError(f"{name} is missing. Add the weights again with automl weights add.")
    try:
        config = weights_folder.configuration(folder)
    except ValueError as error:
        raise UserError(f"{weights_folder.CONFIG} cannot be read: {error}.") from error
    architecture = str(config.get("architecture", ""))
    if not model_catalog.is_timm_name(architecture):
        raise UserError(f"timm has no network {architecture!r}, which config.json names.")
    if not model_catalog.is_timm_name(folder.name):
        raise UserError(f"No model has this name. Name the folder {architecture}.")
    if folder.name.partition(".")[0] != architecture:
        raise UserError(f"The weights are of {architecture}. Name the folder after it.")
    _check_tensors(folder, architecture, is_sealed="sha256" in config)
    return _facts(folder, has_normalisation="mean" in config and "std" in config)


def _check_tensors(folder: Path, architecture: str, *, is_sealed: bool) -> None:
    path = folder / weights_folder.WEIGHTS
    if weights_import.matched(checkpoint_file.read(path), architecture) is None:
        raise UserError(f"The tensors are not those of {architecture}.")
    if is_sealed and not weights_folder.is_intact(folder):
        raise UserError("The weights are not those that were added. Add them again.")


def _facts(folder: Path, *, has_normalisation: bool) -> str:
    config, licence = weights_folder.configuration(folder), weights_folder.licence(folder)
    normalisation = (
        f"mean {config['mean']}, std {config['std']}"
        if has_normalisation
        else "mean or std is missing from config.json and ImageNet's are assumed"
    )
    return f"Fits; {normalisation}; licence {licence or 'not stated in config.json'}."


def _measured(folder: Path, pixels: Tensor) -> str:
    """Say if pictures that are normalised as stated are what the network has learnt with."""
    config = weights_folder.configuration(folder)
    mean, std = weights_normalisation.USUAL["ImageNet's"]
    stated = tuple(config.get("mean", mean)), tuple(config.get("std", std))
    fit = weights_normalisation.measure(folder, pixels, stated)
    if fit is None:
        return "Mean and std cannot be measured: the network has no batch normalisation."
    if fit.better is None:
        return f"Measured on {len(pixels)} pictures: mean and std fit the weights."
    mean, std = weights_normalisation.USUAL[fit.better]
    distances = f"{fit.usual[fit.better]:.2f} instead of {fit.stated:.2f}"
    return (
        f"Warning: measured on {len(pixels)} pictures, the weights were rather trained with "
        f"{fit.better}: mean {list(mean)}, std {[round(value, 4) for value in std]} (distance "
        f"{distances}). Write them into {weights_folder.CONFIG} if that is so."
    )
