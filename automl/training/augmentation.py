"""Random crops, flips and colours, drawn for every picture of a batch separately.

The input is whole pictures squashed to a square. Crop boxes are squashed in the same way, so the
resized crops have their true proportions. Crop scale and ratio are drawn as in Inception-style
training (Szegedy et al. 2015) and torchvision.

A copy of this file travels with exported training code.
"""

from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor
from torch.nn import functional

CROP_SCALE = (0.35, 1.0)
"""Share of the picture's area that a crop keeps, unless `crop_scale_min` says otherwise."""

CROP_RATIO = (3 / 4, 4 / 3)
COLOUR_STRENGTH = 0.2
FLIP_SHARE = 0.5


@dataclass(frozen=True)
class Augmentation:
    """Crop, flips and colours of training pictures; only the centre crop without `is_random`."""

    size: int
    """Side of the crops in pixels."""

    centre_share: float
    """Share of the short side that the centre crop keeps."""

    is_random: bool = True
    crop_scale_min: float = CROP_SCALE[0]
    colour_jitter: float = COLOUR_STRENGTH
    horizontal_flip: bool = True
    vertical_flip: bool = False

    @classmethod
    def read(cls, hyperparameters: Any) -> Self:
        """The augmentation that the hyperparameters ask for."""
        return cls(
            size=hyperparameters.training_crop_size,
            centre_share=hyperparameters.validation_crop_size
            / hyperparameters.validation_resize_size,
            is_random=hyperparameters.augmentation != "none",
            crop_scale_min=hyperparameters.crop_scale_min,
            colour_jitter=hyperparameters.colour_jitter,
            horizontal_flip=hyperparameters.horizontal_flip,
            vertical_flip=hyperparameters.vertical_flip,
        )

    def __call__(self, pictures: Tensor, aspects: Tensor, generator: torch.Generator) -> Tensor:
        """Pixels in 0 to 1, float (B, 3, size, size), from squashed pictures.

        Args:
            pictures: uint8 (B, 3, S, S).
            aspects: (B,) true width / height of each picture.
            generator: source of all random numbers, on the CPU.
        """
        if not self.is_random:
            boxes = centre_boxes(aspects, share=self.centre_share)
            no_flips = torch.zeros(len(aspects), 2, dtype=torch.bool)
            return _as_shares(crop(pictures, boxes, no_flips, self.size))
        boxes = random_boxes(aspects, scale_min=self.crop_scale_min, generator=generator)
        allowed = torch.tensor([self.horizontal_flip, self.vertical_flip])
        flips = (torch.rand(len(pictures), 2, generator=generator) < FLIP_SHARE) & allowed
        pixels = _as_shares(crop(pictures, boxes, flips, self.size))
        return jitter(pixels, strength=self.colour_jitter, generator=generator)

    def in_effect(self) -> list[str]:
        """One short text per step, in order."""
        if not self.is_random:
            return [f"centre crop {self.size} px of {self.size / self.centre_share:.0f}"]
        steps = [
            f"random crop {self.size} px, scale {self.crop_scale_min:g} to {CROP_SCALE[1]:g}, "
            f"ratio {CROP_RATIO[0]:.3g} to {CROP_RATIO[1]:.3g}"
        ]
        for is_on, name in (
            (self.horizontal_flip, "mirrored"),
            (self.vertical_flip, "upside down"),
        ):
            if is_on:
                steps.append(f"{name}, share {FLIP_SHARE:g}")
        if self.colour_jitter:
            steps.append(f"brightness and contrast, up to {self.colour_jitter:g}")
        return steps


def _as_shares(pixels: Tensor) -> Tensor:
    return pixels.float().div_(255)


def random_boxes(aspects: Tensor, *, scale_min: float, generator: torch.Generator) -> Tensor:
    """Boxes (B, 4): left, top, width, height as shares of the picture, all inside it.

    The share of the area is uniform from `scale_min` to 1; the logarithm of the true ratio is
    uniform between the logarithms of CROP_RATIO.
    """
    count = len(aspects)
    uniform = torch.rand(4, count, generator=generator)
    area = scale_min + (CROP_SCALE[1] - scale_min) * uniform[0]
    low, high = torch.tensor(CROP_RATIO).log()
    ratio = torch.exp(low + (high - low) * uniform[1])
    # a crop of true ratio r has the ratio r / aspect in the squashed picture
    width = (area * ratio / aspects).sqrt()
    height = (area * aspects / ratio).sqrt()
    # a box that does not fit is shrunk on both sides: less area, the same proportions
    fit = torch.maximum(width, height).clamp(min=1)
    width, height = width / fit, height / fit
    left, top = uniform[2] * (1 - width), uniform[3] * (1 - height)
    return torch.stack([left, top, width, height], dim=1)


def centre_boxes(aspects: Tensor, *, share: float) -> Tensor:
    """Square boxes (B, 4) in the centre; their side is a share of the picture's short side."""
    width = share * torch.minimum(torch.ones_like(aspects), 1 / aspects)
    height = share * torch.minimum(torch.ones_like(aspects), aspects)
    return torch.stack([(1 - width) / 2, (1 - height) / 2, width, height], dim=1)


def crop(pictures: Tensor, boxes: Tensor, flips: Tensor, size: int) -> Tensor:
    """Crops (B, 3, size, size): boxes (B, 4) cut out, resized and flipped.

    flips: bool (B, 2); left to right in the first column, upside down in the second.
    """
    if pictures.device.type != "cpu":
        return _crop_by_grid(pictures, boxes, flips, size)
    return _crop_one_by_one(pictures, boxes, flips, size)


def _crop_one_by_one(pictures: Tensor, boxes: Tensor, flips: Tensor, size: int) -> Tensor:
    """For the CPU: torch resizes uint8 with vector instructions, 10 times faster than a grid."""
    side = pictures.shape[-1]
    corners = torch.stack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], dim=1)
    edges = (corners * side).round().long().tolist()
    out = torch.empty(len(pictures), size, size, 3, dtype=torch.uint8).permute(0, 3, 1, 2)
    flip_axes = [
        [axis for axis, is_on in zip((-1, -2), row, strict=True) if is_on] for row in flips.tolist()
    ]
    for index, ((left, top), (right, bottom)) in enumerate(edges):
        part = pictures[
            index : index + 1, :, top : max(bottom, top + 1), left : max(right, left + 1)
        ]
        resized = functional.interpolate(part, (size, size), mode="bilinear", antialias=True)
        out[index] = resized[0].flip(flip_axes[index]) if flip_axes[index] else resized[0]
    return out


def _crop_by_grid(pictures: Tensor, boxes: Tensor, flips: Tensor, size: int) -> Tensor:
    """For a GPU: one call for the whole batch."""
    signs = torch.where(flips, -1.0, 1.0)
    theta = torch.zeros(len(pictures), 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = (boxes[:, 2:] * signs).unbind(1)
    theta[:, :, 2] = 2 * boxes[:, :2] + boxes[:, 2:] - 1  # centre of the box in -1 to 1
    grid = functional.affine_grid(
        theta.to(pictures.device, non_blocking=True),
        [len(pictures), 3, size, size],
        align_corners=False,
    )
    return functional.grid_sample(
        pictures.float(), grid, mode="bilinear", padding_mode="border", align_corners=False
    )


def jitter(pixels: Tensor, *, strength: float, generator: torch.Generator) -> Tensor:
    """Multiply brightness and contrast of every picture by factors of 1 - strength to 1 + strength.

    pixels: (B, 3, H, W), 0 to 1.
    """
    if not strength:
        return pixels
    factors = 1 + strength * (2 * torch.rand(2, len(pixels), generator=generator) - 1)
    brightness, contrast = factors.to(pixels.device).view(2, -1, 1, 1, 1)
    mean = pixels.mean(dim=(1, 2, 3), keepdim=True)
    # both at once: (p - m) * contrast + m, times brightness
    return torch.addcmul(mean * (1 - contrast) * brightness, pixels, contrast * brightness).clamp_(
        0, 1
    )
