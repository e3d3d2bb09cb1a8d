"""Random crops, flips and colour, drawn for every picture on its own.

Pictures come as whole pictures squashed to a square; a crop box that is right in the upright
picture is stretched the same way, so that what the model sees has its true proportions.
Crop scale and ratio are those of Inception-style training (Szegedy et al. 2015), as in torchvision.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from automl.dataset.preview import COLOUR_STRENGTH, CROP_RATIO, CROP_SCALE


@dataclass(frozen=True)
class Augmentation:
    """What is done to training pictures; nothing random when `is_random` is off."""

    size: int
    """Side of the crops in pixels."""

    is_random: bool
    horizontal_flip: bool
    centre_share: float
    """Share of the short side that the centre crop keeps when nothing is random."""

    def __call__(self, pictures: Tensor, aspects: Tensor, generator: torch.Generator) -> Tensor:
        """Pixels in 0 to 1, float (B, 3, size, size), from squashed pictures.

        Args:
            pictures: uint8 (B, 3, S, S).
            aspects: (B,) true width / height of each picture.
            generator: source of all randomness, on the CPU.
        """
        boxes = (
            random_boxes(aspects, generator=generator)
            if self.is_random
            else centre_boxes(aspects, share=self.centre_share)
        )
        flips = torch.rand(len(pictures), generator=generator) < 0.5
        if not (self.is_random and self.horizontal_flip):
            flips = torch.zeros_like(flips)
        pixels = crop(pictures, boxes, flips, self.size).float().div_(255)
        return jitter(pixels, generator=generator) if self.is_random else pixels


def random_boxes(aspects: Tensor, *, generator: torch.Generator) -> Tensor:
    """Boxes (B, 4): left, top, width, height as shares of the picture, all inside it."""
    count = len(aspects)
    uniform = torch.rand(4, count, generator=generator)
    area = CROP_SCALE[0] + (CROP_SCALE[1] - CROP_SCALE[0]) * uniform[0]
    low, high = torch.tensor(CROP_RATIO).log()
    ratio = torch.exp(low + (high - low) * uniform[1])
    # a crop of true ratio r has the ratio r / aspect in the squashed picture
    width = (area * ratio / aspects).sqrt()
    height = (area * aspects / ratio).sqrt()
    # where it does not fit, shrink both sides: the area is less, the proportions stay true
    fit = torch.maximum(width, height).clamp(min=1)
    width, height = width / fit, height / fit
    left, top = uniform[2] * (1 - width), uniform[3] * (1 - height)
    return torch.stack([left, top, width, height], dim=1)


def centre_boxes(aspects: Tensor, *, share: float) -> Tensor:
    """Square boxes (B, 4) in the middle, their side the given share of the short side."""
    width = share * torch.minimum(torch.ones_like(aspects), 1 / aspects)
    height = share * torch.minimum(torch.ones_like(aspects), aspects)
    return torch.stack([(1 - width) / 2, (1 - height) / 2, width, height], dim=1)


def crop(pictures: Tensor, boxes: Tensor, flips: Tensor, size: int) -> Tensor:
    """Cut out boxes (B, 4), resize to `size`, mirror where `flips` (B,): (B, 3, size, size)."""
    if pictures.device.type != "cpu":
        return _crop_by_grid(pictures, boxes, flips, size)
    return _crop_one_by_one(pictures, boxes, flips, size)


def _crop_one_by_one(pictures: Tensor, boxes: Tensor, flips: Tensor, size: int) -> Tensor:
    """On the CPU torch resizes uint8 with vector instructions: ten times faster than a grid."""
    side = pictures.shape[-1]
    corners = torch.stack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], dim=1)
    edges = (corners * side).round().long().tolist()
    out = torch.empty(len(pictures), size, size, 3, dtype=torch.uint8).permute(0, 3, 1, 2)
    for index, ((left, top), (right, bottom)) in enumerate(edges):
        part = pictures[
            index : index + 1, :, top : max(bottom, top + 1), left : max(right, left + 1)
        ]
        resized = functional.interpolate(part, (size, size), mode="bilinear", antialias=True)
        out[index] = resized[0].flip(-1) if flips[index] else resized[0]
    return out


def _crop_by_grid(pictures: Tensor, boxes: Tensor, flips: Tensor, size: int) -> Tensor:
    """On a GPU one call for the whole batch."""
    boxes = boxes.to(pictures.device)
    width = boxes[:, 2] * torch.where(flips.to(pictures.device), -1.0, 1.0)
    theta = torch.zeros(len(pictures), 2, 3, device=pictures.device)
    theta[:, 0, 0], theta[:, 1, 1] = width, boxes[:, 3]
    theta[:, :, 2] = 2 * boxes[:, :2] + boxes[:, 2:] - 1  # centre of the box in -1 to 1
    grid = functional.affine_grid(theta, [len(pictures), 3, size, size], align_corners=False)
    return functional.grid_sample(
        pictures.float(), grid, mode="bilinear", padding_mode="border", align_corners=False
    )


def jitter(pixels: Tensor, *, generator: torch.Generator) -> Tensor:
    """Brightness and contrast of every picture changed by a random factor; (B, 3, H, W), 0 to 1."""
    factors = 1 + COLOUR_STRENGTH * (2 * torch.rand(2, len(pixels), generator=generator) - 1)
    brightness, contrast = factors.to(pixels.device).view(2, -1, 1, 1, 1)
    mean = pixels.mean(dim=(1, 2, 3), keepdim=True)
    # both at once: (p - m) * contrast + m, times brightness
    return torch.addcmul(mean * (1 - contrast) * brightness, pixels, contrast * brightness).clamp_(
        0, 1
    )
