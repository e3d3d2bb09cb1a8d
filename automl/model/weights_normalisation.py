"""Mean and standard deviation that pretrained weights expect, measured with pictures.

A batch norm keeps the mean and variance that its input had in training. Pictures that are
normalised as they were then give its input the same two; the distance is the Kullback-Leibler
divergence of normal distributions. Only the first batch norm is asked: nothing but a linear layer
lies between it and the pixels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from automl.dataset.preprocessing import UnreadablePicture, load_preprocessed
from automl.errors import UserError
from automl.model import network
from automl.model.blocks import BATCH_NORMS
from automl.model.weights_folder import IMAGENET_MEAN, IMAGENET_STD

Normalisation = tuple[tuple[float, ...], tuple[float, ...]]
"""Mean and standard deviation of RGB values in 0 to 1."""

USUAL: Mapping[str, Normalisation] = {
    "ImageNet's": (IMAGENET_MEAN, IMAGENET_STD),
    "Inception's": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "CLIP's": ((0.481, 0.458, 0.408), (0.269, 0.261, 0.276)),
    "values 0 to 1 as they are": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "values 0 to 255 as they are": ((0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255)),
}
"""Ways to normalise pictures that published weights were trained with."""

_MOST_PICTURES = 48
_SIDE = 224
_WORSE_FACTOR, _WORSE_LEAST = 1.5, 0.1
"""Another way counts as better if the stated one is this much farther: which pictures are given
matters, too, and ImageNet's and CLIP's are too similar to be told apart."""


@dataclass(frozen=True)
class Fit:
    """Distances of the ways to normalise pictures from the one that a network has learnt with."""

    stated: float
    usual: Mapping[str, float]

    @property
    def better(self) -> str | None:
        """Name of a usual way that fits clearly better than the stated one; None without."""
        best = min(self.usual, key=lambda name: self.usual[name])
        is_worse = self.stated > _WORSE_FACTOR * self.usual[best] + _WORSE_LEAST
        return best if is_worse else None


class _Reached(Exception):  # noqa: N818 (no error: ends the forward pass)
    pass


def read(folder: Path) -> Tensor:
    """Pixels in 0 to 1, (N, 3, 224, 224), of pictures in a folder: 48 at equal distances.

    Raises:
        UserError: there is no picture in it.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    found: list[Tensor] = []
    for path in files[:: 1 + len(files) // _MOST_PICTURES]:
        try:
            pixels = load_preprocessed(path, resize_size=_SIDE, crop_size=_SIDE)
        except UnreadablePicture:
            continue
        found.append(torch.tensor(pixels).permute(2, 0, 1) / 255)
    if not found:
        raise UserError(f"{folder} has no picture that can be read. Name a folder of photos.")
    return torch.stack(found)


def measure(weights: Path, pixels: Tensor, stated: Normalisation) -> Fit | None:
    """Compare ways to normalise with what the first batch norm of a network has learnt with.

    Args:
        weights: folder in timm's `local-dir` layout.
        pixels: (N, 3, H, W) in 0 to 1, of at least some ten photos.
        stated: mean and standard deviation that the folder states.

    Returns:
        None if the network begins without a batch norm, as transformers do.
    """
    made = network.create(f"local-dir:{weights}", 2, pretrained=True).eval()
    norm = next((module for module in made.modules() if isinstance(module, BATCH_NORMS)), None)
    if norm is None:
        return None
    usual = {name: _distance(made, norm, pixels, way) for name, way in USUAL.items()}
    return Fit(_distance(made, norm, pixels, stated), usual)


def _distance(made: nn.Module, norm: _BatchNorm, pixels: Tensor, way: Normalisation) -> float:
    inputs: list[Tensor] = []

    def keep(_: nn.Module, given: tuple[Tensor, ...]) -> None:
        inputs.append(given[0])
        raise _Reached

    hook = norm.register_forward_pre_hook(keep)
    try:
        with torch.inference_mode():
            network.Normalised(made, *way)(pixels)
    except _Reached:
        pass
    finally:
        hook.remove()
    values = inputs[0].transpose(0, 1).flatten(1)
    mean, variance, eps = norm.get_buffer("running_mean"), norm.get_buffer("running_var"), norm.eps
    # a channel that is always zero has no variance
    ratio = (values.var(dim=1) + eps) / (variance + eps)
    shift = (values.mean(dim=1) - mean) ** 2 / (variance + eps)
    return float((ratio - 1 - ratio.log() + shift).mean()) / 2
