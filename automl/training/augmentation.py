"""Random crops, flips and colours, drawn for every picture of a batch separately.

Crop scale and ratio are drawn as in Inception-style training (Szegedy et al. 2015) and torchvision.

A copy of this file travels with exported training code.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from automl.dataset.crop_ranges import COLOUR_STRENGTH, CROP_RATIO, CROP_SCALE
from automl.dataset.packed_pictures import PackedPictures, pictures_in

Pictures = PackedPictures[NDArray[np.uint8]] | PackedPictures[Tensor]

FLIP_SHARE = 0.5


@dataclass(frozen=True)
class Augmentation:
    """Crop, flips and colours of training pictures; only the centre crop without `is_random`."""

    size: int
    """Side of the crops in pixels."""

    scored_size: int
    """Side in pixels of the centre of a stored picture that is scored."""

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
            scored_size=hyperparameters.validation_crop_size,
            is_random=hyperparameters.augmentation != "none",
            crop_scale_min=hyperparameters.crop_scale_min,
            colour_jitter=hyperparameters.colour_jitter,
            horizontal_flip=hyperparameters.horizontal_flip,
            vertical_flip=hyperparameters.vertical_flip,
        )

    def __call__(self, pictures: Pictures, generator: torch.Generator) -> Tensor:
        """Draw and apply: pixels of B pictures; see `draw` and `apply`."""
        return self.apply(pictures, self.draw(pictures.sizes, generator))

    def draw(self, sizes: NDArray[np.int64], generator: torch.Generator) -> "Drawn":
        """Draw the changes of the pictures of a batch.

        Args:
            sizes: (B, 2) their height and width.
            generator: source of all random numbers, on the CPU.
        """
        shapes, count = torch.from_numpy(sizes), len(sizes)
        if not self.is_random:
            flips = torch.zeros(count, 2, dtype=torch.bool)
            return Drawn(centre_edges(shapes, self.scored_size), flips, None)
        aspects = shapes[:, 1] / shapes[:, 0]
        boxes = random_boxes(aspects, scale_min=self.crop_scale_min, generator=generator)
        allowed = torch.tensor([self.horizontal_flip, self.vertical_flip])
        flips = (torch.rand(count, 2, generator=generator) < FLIP_SHARE) & allowed
        factors = jitter_factors(count, strength=self.colour_jitter, generator=generator)
        return Drawn(edges_of(boxes, shapes), flips, factors)

    def apply(self, pictures: Pictures, drawn: "Drawn") -> Tensor:
        """Pixels in 0 to 1, float (B, 3, size, size), on the device that holds the pictures."""
        pixels = _as_shares(crop(pictures, drawn.edges, self.size, drawn.flips))
        return pixels if drawn.factors is None else jitter(pixels, drawn.factors)

    def in_effect(self) -> list[str]:
        """One short text per step, in order."""
        if not self.is_random:
            return [f"centre crop {self.size} px, as it is scored"]
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


@dataclass(frozen=True)
class Drawn:
    """Changes of B pictures.

    edges: (B, 4) of the crops, left, top, right and bottom in pixels; flips: bool (B, 2), left to
    right and upside down; factors: (B, 2) on brightness and contrast, None to leave them.
    """

    edges: Tensor
    flips: Tensor
    factors: Tensor | None

    def of(self, places: slice | Tensor) -> "Drawn":
        """The same for some of the pictures."""
        factors = None if self.factors is None else self.factors[places]
        return Drawn(self.edges[places], self.flips[places], factors)


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
    width = (area * ratio / aspects).sqrt()
    height = (area * aspects / ratio).sqrt()
    # a box that does not fit is shrunk on both sides: less area, the same proportions
    fit = torch.maximum(width, height).clamp(min=1)
    width, height = width / fit, height / fit
    left, top = uniform[2] * (1 - width), uniform[3] * (1 - height)
    return torch.stack([left, top, width, height], dim=1)


def edges_of(boxes: Tensor, sizes: Tensor) -> Tensor:
    """Left, top, right and bottom in whole pixels (B, 4) of boxes (B, 4) that are shares.

    sizes: (B, 2) height and width.
    """
    sides = sizes.flip(1)
    near = (boxes[:, :2] * sides).round().long()
    far = ((boxes[:, :2] + boxes[:, 2:]) * sides).round().long()
    return torch.cat([near, torch.maximum(far, near + 1)], dim=1)


def centre_edges(sizes: Tensor, side: int) -> Tensor:
    """Edges (B, 4) of the squares in the centre of pictures with sizes (B, 2)."""
    near = (sizes.flip(1) - side) // 2
    return torch.cat([near, near + side], dim=1)


def crop(pictures: Pictures, edges: Tensor, size: int, flips: Tensor | None = None) -> Tensor:
    """Crops (B, 3, size, size) in 0 to 255, channels last: cut out, resized and flipped.

    Args:
        pictures: B of them.
        edges: (B, 4) left, top, right, bottom in pixels.
        size: side of the crops; a crop that has it already keeps its very pixels.
        flips: bool (B, 2); left to right in the first column, upside down in the second.
    """
    if flips is None:
        flips = torch.zeros(len(pictures), 2, dtype=torch.bool)
    if isinstance(pictures.flat, Tensor):
        return _crop_by_index(pictures, edges, flips, size)
    return _crop_one_by_one(pictures, edges, flips, size)


def _crop_one_by_one(
    pictures: PackedPictures[NDArray[np.uint8]], edges: Tensor, flips: Tensor, size: int
) -> Tensor:
    """For the CPU: torch resizes uint8 with vector instructions, 10 times faster than by index."""
    out = torch.empty(len(pictures), size, size, 3, dtype=torch.uint8).permute(0, 3, 1, 2)
    flip_axes = [
        [axis for axis, is_on in zip((-1, -2), row, strict=True) if is_on] for row in flips.tolist()
    ]
    for index, picture in enumerate(pictures_in(pictures)):
        left, top, right, bottom = edges[index].tolist()
        part = np.array(picture[top:bottom, left:right])  # the mapped file is read-only
        # torch must see that this is channels last, or its result is not, and copying takes longer
        cut = torch.from_numpy(part)[None].permute(0, 3, 1, 2)
        if part.shape[:2] != (size, size):
            cut = functional.interpolate(cut, (size, size), mode="bilinear", antialias=True)
        out[index] = cut[0].flip(flip_axes[index]) if flip_axes[index] else cut[0]
    return out


def _crop_by_index(
    pictures: PackedPictures[Tensor], edges: Tensor, flips: Tensor, size: int
) -> Tensor:
    """For a GPU: a few calls for the whole batch; bilinear, without smoothing first."""
    device = pictures.flat.device
    edges, flips = edges.to(device), flips.to(device)
    columns = _positions(edges[:, 0], edges[:, 2], flips[:, 0], size)
    rows = _positions(edges[:, 1], edges[:, 3], flips[:, 1], size)
    offsets = torch.from_numpy(pictures.offsets).to(device).view(-1, 1, 1)
    widths = torch.from_numpy(pictures.sizes[:, 1]).to(device).view(-1, 1, 1)
    channels = torch.arange(3, device=device)

    def pixels(row: Tensor, column: Tensor) -> Tensor:
        """(B, size, size, 3) in rows (B, size) and columns (B, size) of the pictures."""
        first = offsets + 3 * (row[:, :, None] * widths + column[:, None, :])
        return pictures.flat[first[..., None] + channels].float()

    (left, right, across), (top, bottom, down) = columns, rows
    across, down = across[:, None, :, None], down[:, :, None, None]
    above = torch.lerp(pixels(top, left), pixels(top, right), across)
    below = torch.lerp(pixels(bottom, left), pixels(bottom, right), across)
    return torch.lerp(above, below, down).permute(0, 3, 1, 2)


def _positions(
    near: Tensor, far: Tensor, is_flipped: Tensor, size: int
) -> tuple[Tensor, Tensor, Tensor]:
    """The two source pixels (B, size) of each of `size` pixels, and the share of the second one.

    near, far: (B,) edges of the crops.
    """
    steps = (torch.arange(size, device=near.device) + 0.5) / size
    shares = torch.where(is_flipped[:, None], 1 - steps, steps)
    inside = (shares * (far - near)[:, None] - 0.5).clamp(min=0)
    before = inside.floor()
    first = near[:, None] + before.long()
    return first, torch.minimum(first + 1, far[:, None] - 1), inside - before


def jitter_factors(count: int, *, strength: float, generator: torch.Generator) -> Tensor | None:
    """Factors (count, 2) on brightness and contrast, of 1 - strength to 1 + strength; None if 1."""
    if not strength:
        return None
    return 1 + strength * (2 * torch.rand(2, count, generator=generator).T - 1)


def jitter(pixels: Tensor, factors: Tensor) -> Tensor:
    """Multiply brightness and contrast of every picture by the factors (B, 2).

    pixels: (B, 3, H, W), 0 to 1; they are changed in place, which takes half the time.
    """
    brightness, contrast = factors.T.to(pixels.device).reshape(2, -1, 1, 1, 1)
    mean = pixels.mean(dim=(1, 2, 3), keepdim=True)
    # both at once: (p - m) * contrast + m, times brightness
    shift = mean * (1 - contrast) * brightness
    return torch.addcmul(shift, pixels, contrast * brightness, out=pixels).clamp_(0, 1)
