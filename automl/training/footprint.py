"""Measure a training step of several kinds of trials on a GPU: memory and time. No Ray."""

import time
from collections.abc import Callable, Sequence

import torch

from automl.jobs.gpu_packing import Footprint, MeasuredGpu
from automl.jobs.hyperparameters import Hyperparameters
from automl.training.recovery import is_out_of_memory
from automl.training.steps import Steps

_ALL_SECONDS = 30.0
"""Time from which no further kind is measured."""

_REPETITIONS = 3


def measure(kinds: Sequence[Hyperparameters], *, num_classes: int) -> MeasuredGpu | None:
    """The GPU of this process, and a step of as many kinds as there is time for.

    Args:
        kinds: those first that need most memory.
        num_classes: size of the last layer.

    Returns:
        None without a GPU.
    """
    if not torch.cuda.is_available():
        return None
    device = torch.device("cuda")
    free_bytes, _ = torch.cuda.mem_get_info(device)
    started = time.perf_counter()
    footprints: list[Footprint] = []
    for kind in kinds:
        if footprints and time.perf_counter() - started > _ALL_SECONDS:
            break
        try:
            footprints.append(of_step(kind, num_classes=num_classes, device=device))
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            footprints.append(Footprint(free_bytes, seconds=1.0, half_seconds=0.5))
    return MeasuredGpu(free_bytes, footprints)


def of_step(kind: Hyperparameters, *, num_classes: int, device: torch.device) -> Footprint:
    """A training step of a trial on random pixels, and the scoring of a batch in its memory."""
    kind = kind.model_copy(update={"pretrained": "never", "head_init": "auto"})
    size = kind.training_batch_size
    steps = Steps(kind, num_classes, device, num_pictures=size)
    _start_of_memory(device)

    def step(number: int) -> Callable[[], object]:
        pixels = steps.pixels(number, kind.training_crop_size)
        return lambda: steps.train(pixels)

    seconds = _seconds(step(size), device)
    half_seconds = _seconds(step(max(1, size // 2)), device)
    steps.score(steps.pixels(kind.validation_batch_size, kind.validation_crop_size))
    return Footprint(_peak_bytes(device), seconds, half_seconds)


def _seconds(function: Callable[[], object], device: torch.device) -> float:
    """The shortest of a few calls, after one that allocates memory."""
    taken = []
    for _ in range(1 + _REPETITIONS):
        started = time.perf_counter()
        function()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        taken.append(time.perf_counter() - started)
    return min(taken[1:])


def _start_of_memory(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def _peak_bytes(device: torch.device) -> int:
    """Memory that torch has taken from the device, its own reserves included."""
    return int(torch.cuda.max_memory_reserved(device)) if device.type == "cuda" else 0
