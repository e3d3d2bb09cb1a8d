"""The pictures of a trial as batches on the device, from arrays of decoded pixels.

A copy of this file travels with exported training code.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from automl.training.augmentation import Augmentation


@dataclass(frozen=True)
class TrainBatch:
    """pixels: float (B, 3, T, T) in 0 to 1, on the device, channels last; labels: (B,)."""

    pixels: Tensor
    labels: Tensor


_GPU_SHARE = 0.25
"""Largest share of a GPU's free memory for the decoded training pictures."""


def plan_batches(num_images: int, wanted_size: int) -> tuple[int, int]:
    """Number of batches in an epoch, and the size of all of them.

    All are equal, because batch normalisation cannot train on a batch of one and the gradient of a
    small batch is noisy; pictures that do not fill a batch are left out of the epoch. If that would
    leave out more than a tenth of the pictures, there are more and smaller batches.
    """
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


def on_device(pixels: NDArray[np.uint8], device: torch.device) -> NDArray[np.uint8] | Tensor:
    """The pixels (N, S, S, 3) as a tensor on the GPU if they fit, else unchanged."""
    if device.type != "cuda" or pixels.nbytes > _GPU_SHARE * torch.cuda.mem_get_info(device)[0]:
        return pixels
    return torch.from_numpy(np.array(pixels)).to(device)


def train_batches(  # noqa: PLR0913
    pixels: NDArray[np.uint8] | Tensor,
    aspects: NDArray[np.float32],
    labels: NDArray[np.int64],
    augmentation: Augmentation,
    *,
    batch_size: int,
    generator: torch.Generator,
    device: torch.device,
) -> Iterator[TrainBatch]:
    """One epoch in random order; pictures that do not fill a batch are left out.

    Args:
        pixels: whole pictures squashed to squares (N, S, S, 3), from `on_device`.
        aspects: true width / height of the pictures (N,).
        labels: class indices (N,).
        augmentation: crops and changes the pictures.
        batch_size: pictures in a batch.
        generator: source of the order and the augmentation, on the CPU.
        device: device of the batches.
    """
    order = torch.randperm(len(labels), generator=generator)
    all_labels, all_aspects = torch.from_numpy(labels), torch.from_numpy(aspects)
    for chosen in order.split(batch_size)[: len(order) // batch_size]:
        if isinstance(pixels, Tensor):
            batch = pixels[chosen.to(device)].permute(0, 3, 1, 2)
        else:
            batch = _to_device(pixels[chosen.numpy()], device)
        yield TrainBatch(
            augmentation(batch, all_aspects[chosen], generator),
            all_labels[chosen].to(device, non_blocking=True),
        )


def centre_batches(
    pixels: NDArray[np.uint8],
    aspects: NDArray[np.float32],
    augmentation: Augmentation,
    *,
    batch_size: int,
    device: torch.device,
) -> Iterator[Tensor]:
    """Centre crops of all training pictures in order, float (B, 3, T, T) in 0 to 1."""
    centre, unused = replace(augmentation, is_random=False), torch.Generator()
    for start in range(0, len(pixels), batch_size):
        part = slice(start, start + batch_size)
        batch = _to_device(np.array(pixels[part]), device)
        yield centre(batch, torch.from_numpy(aspects[part]), unused)


def evaluation_batches(
    pixels: NDArray[np.uint8], *, batch_size: int, device: torch.device
) -> Iterator[Tensor]:
    """Preprocessed pictures (N, C, C, 3) in order, float (B, 3, C, C) in 0 to 1.

    Each batch overwrites the one before: allocating large memory for every batch takes longer than
    filling it.
    """
    shares: Tensor | None = None
    for start in range(0, len(pixels), batch_size):
        batch = np.array(pixels[start : start + batch_size])  # the mapped file is read-only
        whole = _to_device(batch, device)
        if shares is None or len(shares) != len(whole):
            shares = torch.empty_like(whole, dtype=torch.float32)
        yield shares.copy_(whole).div_(255)


def _to_device(pixels: NDArray[np.uint8], device: torch.device) -> Tensor:
    """(B, H, W, 3) in memory is (B, 3, H, W) channels last: only the copy to the device copies."""
    return torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2)
