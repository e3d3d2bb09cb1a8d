"""The pictures of a trial as batches on the device, from arrays that all trials share."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from automl.engine.augmentation import Augmentation
from automl.engine.trial_data import EvaluationPictures, TrainPictures, open_pixels


@dataclass(frozen=True)
class TrainBatch:
    """pixels: float (B, 3, T, T) in 0 to 1, on the device, channels last; labels: (B,)."""

    pixels: Tensor
    labels: Tensor


def train_batches(
    pictures: TrainPictures,
    augmentation: Augmentation,
    *,
    batch_size: int,
    generator: torch.Generator,
    device: torch.device,
) -> Iterator[TrainBatch]:
    """One epoch in random order; the last, smaller batch is dropped unless it is the only one.

    Batch normalisation cannot train on a batch of one, and a small batch's gradient is noise.
    """
    pixels = open_pixels(pictures.pixels)
    order = torch.randperm(len(pictures.labels), generator=generator).numpy()
    num_batches = max(1, len(order) // batch_size)
    for chosen in (order[i * batch_size : (i + 1) * batch_size] for i in range(num_batches)):
        aspects = torch.from_numpy(pictures.aspects[chosen])
        yield TrainBatch(
            augmentation(_to_device(pixels[chosen], device), aspects, generator),
            torch.from_numpy(pictures.labels[chosen]).to(device, non_blocking=True),
        )


def evaluation_batches(
    pictures: EvaluationPictures, *, batch_size: int, device: torch.device
) -> Iterator[Tensor]:
    """All pictures in order, float (B, 3, C, C) in 0 to 1."""
    pixels = open_pixels(pictures.pixels)
    for start in range(0, len(pixels), batch_size):
        batch = np.array(pixels[start : start + batch_size])  # the mapped file is read-only
        yield _to_device(batch, device).float().div_(255)


def _to_device(pixels: NDArray[np.uint8], device: torch.device) -> Tensor:
    """(B, H, W, 3) in memory is (B, 3, H, W) channels last: no copy but the one to the device."""
    return torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2)
