"""The pictures of a trial as batches on the device, from arrays that all trials share."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from automl.training.augmentation import Augmentation
from automl.training.trial_data import EvaluationPictures, TrainPictures, open_pixels


@dataclass(frozen=True)
class TrainBatch:
    """pixels: float (B, 3, T, T) in 0 to 1, on the device, channels last; labels: (B,)."""

    pixels: Tensor
    labels: Tensor


_GPU_SHARE = 0.25
"""Share of a GPU's free memory that the training pictures may take for themselves."""


def plan_batches(num_images: int, asked: int) -> tuple[int, int]:
    """Batches of an epoch and their size; all are equal, and what is left over waits.

    Batch normalisation cannot train on a batch of one, and a small batch's gradient is noise. A
    set that would leave out more than a tenth of its pictures has more, smaller batches instead.
    """
    size = min(asked, num_images)
    left_over = num_images % size
    num_smaller = -(-num_images // size)
    smaller = num_images // num_smaller
    if left_over > num_images / 10 and num_images % num_smaller < left_over:
        return num_smaller, smaller
    return num_images // size, size


def on_device(pictures: TrainPictures, device: torch.device) -> NDArray[np.uint8] | Tensor:
    """The pixels (N, S, S, 3): on the GPU where they fit, else mapped into memory."""
    pixels = open_pixels(pictures.pixels)
    if device.type != "cuda" or pixels.nbytes > _GPU_SHARE * torch.cuda.mem_get_info(device)[0]:
        return pixels
    return torch.from_numpy(np.array(pixels)).to(device)


def train_batches(  # noqa: PLR0913
    pictures: TrainPictures,
    pixels: NDArray[np.uint8] | Tensor,
    augmentation: Augmentation,
    *,
    batch_size: int,
    generator: torch.Generator,
    device: torch.device,
) -> Iterator[TrainBatch]:
    """One epoch in random order; pictures that do not fill a batch are left out this time.

    Args:
        pictures: for labels and aspects.
        pixels: theirs, from `on_device`.
        augmentation: what is done to them.
        batch_size: pictures in a batch.
        generator: of order and augmentation, on the CPU.
        device: where the batches are wanted.
    """
    order = torch.randperm(len(pictures.labels), generator=generator)
    labels, aspects = torch.from_numpy(pictures.labels), torch.from_numpy(pictures.aspects)
    for chosen in order.split(batch_size)[: len(order) // batch_size]:
        if isinstance(pixels, Tensor):
            batch = pixels[chosen.to(device)].permute(0, 3, 1, 2)
        else:
            batch = _to_device(pixels[chosen.numpy()], device)
        yield TrainBatch(
            augmentation(batch, aspects[chosen], generator),
            labels[chosen].to(device, non_blocking=True),
        )


def centre_batches(
    pictures: TrainPictures, augmentation: Augmentation, *, batch_size: int, device: torch.device
) -> Iterator[Tensor]:
    """All training pictures in order, float (B, 3, T, T) in 0 to 1, as centre crops."""
    pixels = open_pixels(pictures.pixels)
    centre, unused = replace(augmentation, is_random=False), torch.Generator()
    for start in range(0, len(pixels), batch_size):
        part = slice(start, start + batch_size)
        batch = _to_device(np.array(pixels[part]), device)
        yield centre(batch, torch.from_numpy(pictures.aspects[part]), unused)


def evaluation_batches(
    pictures: EvaluationPictures, *, batch_size: int, device: torch.device
) -> Iterator[Tensor]:
    """All pictures in order, float (B, 3, C, C) in 0 to 1; each batch overwrites the one before.

    Large memory that is new for every batch costs the system more than filling it.
    """
    pixels = open_pixels(pictures.pixels)
    shares: Tensor | None = None
    for start in range(0, len(pixels), batch_size):
        batch = np.array(pixels[start : start + batch_size])  # the mapped file is read-only
        whole = _to_device(batch, device)
        if shares is None or len(shares) != len(whole):
            shares = torch.empty_like(whole, dtype=torch.float32)
        yield shares.copy_(whole).div_(255)


def _to_device(pixels: NDArray[np.uint8], device: torch.device) -> Tensor:
    """(B, H, W, 3) in memory is (B, 3, H, W) channels last: no copy but the one to the device."""
    return torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2)
