"""Pictures of different sizes, one after the other in one array of bytes.

Each is stored at the scale at which it is scored, and as whole as that allows, so that its centre
has the pixels that are scored and random crops of it have true proportions.

A copy of this file travels with exported training code.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from automl.dataset.preprocessing import load_rgb, resized_centre, resized_shape
from automl.dataset.rendering import PLAIN, Rendering

Flat = TypeVar("Flat")

PixelArray = Path | NDArray[np.uint8]
"""An .npy file to map into memory, or the bytes themselves."""


@dataclass(frozen=True)
class PackedPictures(Generic[Flat]):
    """Pictures in an array that they may share with others."""

    flat: Flat
    """uint8, a `PixelArray` or a tensor; picture i is height x width x 3 bytes from offsets[i]."""

    offsets: NDArray[np.int64]
    """(N,)"""

    sizes: NDArray[np.int64]
    """(N, 2): height and width."""

    @classmethod
    def of(cls, flat: Flat, sizes: NDArray[np.int64]) -> Self:
        """All pictures of an array."""
        return cls(flat, layout(sizes)[:-1], sizes)

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def num_bytes(self) -> int:
        """Bytes of these pictures alone."""
        return int(3 * self.sizes.prod(axis=1).sum())

    def take(self, rows: slice | NDArray[np.int64]) -> Self:
        """Some of the pictures; they stay where they are."""
        return replace(self, offsets=self.offsets[rows], sizes=self.sizes[rows])

    def joined(self, other: Self) -> Self:
        """These pictures and others of the same array."""
        offsets = np.concatenate([self.offsets, other.offsets])
        return replace(self, offsets=offsets, sizes=np.concatenate([self.sizes, other.sizes]))


def layout(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N + 1,): the first byte of each picture, and the end of the last one."""
    return np.concatenate([[0], np.cumsum(3 * sizes.prod(axis=1))])


def pictures_in(packed: PackedPictures[NDArray[np.uint8]]) -> Iterable[NDArray[np.uint8]]:
    """Views (height, width, 3) of the pictures."""
    for offset, (height, width) in zip(packed.offsets.tolist(), packed.sizes.tolist(), strict=True):
        yield packed.flat[offset : offset + 3 * height * width].reshape(height, width, 3)


def packed_sizes(
    widths: Iterable[int], heights: Iterable[int], *, resize_size: int, crop_size: int
) -> NDArray[np.int64]:
    """(N, 2): height and width at which pictures are stored, see `resized_shape`."""
    shapes = [
        resized_shape(size, resize_size, crop_size) for size in zip(widths, heights, strict=True)
    ]
    return np.array(shapes, np.int64).reshape(-1, 2)


def load_whole(
    source: Path | BinaryIO,
    size: NDArray[np.int64],
    *,
    resize_size: int,
    crop_size: int,
    rendering: Rendering = PLAIN,
) -> NDArray[np.uint8]:
    """A picture as it is stored: (height, width, 3) for a row of `packed_sizes`.

    Raises:
        UnreadablePicture: says why.
    """
    image = load_rgb(source, min_side=resize_size, rendering=rendering)
    # a JPEG that is decoded at a part of its size has rounded sides, so a row may be missing
    there = np.minimum(size, resized_shape(image.size, resize_size, crop_size))
    pixels = resized_centre(image, resize_size, tuple(there.tolist()))
    missing = (size - there) // 2
    if not missing.any():
        return pixels
    return np.pad(pixels, [*((side, side) for side in missing), (0, 0)], mode="edge")
