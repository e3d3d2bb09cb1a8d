"""The pictures of a trial as batches on the device, from arrays of decoded pixels.

A copy of this file travels with exported training code.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from automl.dataset.packed_pictures import PackedPictures, pictures_in
from automl.training.augmentation import Augmentation, Pictures, centre_edges, crop
from automl.training.ranks import ALONE, Ranks


@dataclass(frozen=True)
class TrainBatch:
    """pixels: float (B, 3, T, T) in 0 to 1, on the device, channels last; labels: (B,)."""

    pixels: Tensor
    labels: Tensor
    num_neighbours: int = 0
    """Number of pictures at the front that are another rank's: ours are only mixed with them."""


_GPU_SHARE = 0.25
"""Largest share of a GPU's free memory for the decoded training pictures."""


def plan_batches(num_images: int, wanted_size: int, num_ranks: int = 1) -> tuple[int, int]:
    """Number of batches in an epoch, and the size of all of them, a multiple of the ranks.

    All are equal, because batch normalisation cannot train on a batch of one and the gradient of a
    small batch is noisy; pictures that do not fill a batch are left out of the epoch. If that would
    leave out more than a tenth of the pictures, there are more and smaller batches.
    """
    if num_ranks > 1:
        number, size = plan_batches(num_images // num_ranks, max(1, wanted_size // num_ranks))
        return number, size * num_ranks
    size = min(wanted_size, num_images)
    left_over = num_images % size
    num_smaller = -(-num_images // size)
    smaller = num_images // num_smaller
    if left_over > num_images / 10 and num_images % num_smaller < left_over:
        return num_smaller, smaller
    return num_images // size, size


def part_size(batch_size: int, num_parts: int) -> int:
    """Pictures in a part of a batch; the last part may have fewer."""
    return -(-batch_size // num_parts)


def on_device(pictures: PackedPictures[NDArray[np.uint8]], device: torch.device) -> Pictures:
    """The pictures as a tensor on the GPU if they fit, else unchanged."""
    if device.type != "cuda":
        return pictures
    free_bytes, _ = torch.cuda.mem_get_info(device)
    return moved(pictures, device) if pictures.num_bytes <= _GPU_SHARE * free_bytes else pictures


def moved(pictures: PackedPictures[NDArray[np.uint8]], device: torch.device) -> Pictures:
    """These pictures alone, on the device."""
    flat = np.concatenate([picture.ravel() for picture in pictures_in(pictures)])
    return PackedPictures.of(torch.from_numpy(flat).to(device), pictures.sizes)


def train_batches(  # noqa: PLR0913
    pictures: Pictures,
    labels: NDArray[np.int64],
    augmentation: Augmentation,
    *,
    batch_size: int,
    generator: torch.Generator,
    device: torch.device,
    ranks: Ranks = ALONE,
    is_mixed: bool = False,
) -> Iterator[TrainBatch]:
    """One epoch in random order; pictures that do not fill a batch are left out.

    Each rank draws for the whole batch, and loads its part: what becomes of a picture does not
    depend on the number of ranks.

    Args:
        pictures: N of them, from `on_device`.
        labels: class indices (N,).
        augmentation: crops and changes the pictures.
        batch_size: pictures in a batch of all ranks together.
        generator: source of the order and the augmentation, on the CPU.
        device: device of the batches.
        ranks: the place of this process.
        is_mixed: pictures will be mixed with the one before them in the batch.
    """
    places = ranks.part(batch_size, with_neighbour=is_mixed)
    num_neighbours = int(is_mixed and not ranks.is_alone)
    order = torch.randperm(len(labels), generator=generator)
    all_labels = torch.from_numpy(labels)
    for chosen in order.split(batch_size)[: len(order) // batch_size]:
        drawn = augmentation.draw(pictures.sizes[chosen.numpy()], generator)
        ours = chosen[places]
        batch = pictures.take(ours.numpy())
        if device.type != "cpu" and isinstance(batch.flat, np.ndarray):
            batch = moved(batch, device)
        pixels = augmentation.apply(batch, drawn.of(places))
        yield TrainBatch(pixels, all_labels[ours].to(device, non_blocking=True), num_neighbours)


def scored_batches(
    pictures: PackedPictures[NDArray[np.uint8]],
    side: int,
    *,
    batch_size: int,
    device: torch.device,
) -> Iterator[Tensor]:
    """Centres of the pictures in order, as they are scored: float (B, 3, side, side) in 0 to 1.

    Each batch overwrites the one before: allocating large memory for every batch takes longer than
    filling it.
    """
    shares: Tensor | None = None
    for start in range(0, len(pictures), batch_size):
        batch = pictures.take(slice(start, start + batch_size))
        edges = centre_edges(torch.from_numpy(batch.sizes), side)
        centres = crop(batch, edges, side).to(device)
        if shares is None or len(shares) != len(centres):
            shares = torch.empty_like(centres, dtype=torch.float32)
        yield shares.copy_(centres).div_(255)
