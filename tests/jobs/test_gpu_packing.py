"""Trials share a GPU as far as its memory holds them and its time is worth it. No GPU is needed."""

import heapq

import numpy as np
import pytest

from automl.jobs.gpu_packing import Footprint, MeasuredGpu, trials_per_gpu
from automl.training import batches

GB = 10**9


def gpu(free_gb: float, *peaks_gb: float, half: float = 1.0) -> MeasuredGpu:
    """half: share of a step's time that half the pictures take."""
    return MeasuredGpu(round(free_gb * GB), [Footprint(round(p * GB), 1.0, half) for p in peaks_gb])


@pytest.mark.parametrize(
    ("wanted", "measured", "picture_gb", "expected"),
    [
        (4, gpu(80, 2), 0, 4),
        (4, gpu(20, 2, 8), 0, 2),  # the largest counts, with its context
        (4, gpu(20, 30), 0, 1),  # one runs in any case: it recovers in parts
        (4, gpu(80, 5), 15, 3),  # each keeps a copy of the pictures
        (4, gpu(80, 5), 25, 4),  # which are too many to be kept
        (8, gpu(80, 2, half=0.5), 0, 2),  # the GPU computes all the time
        (8, gpu(80, 2, half=0.75), 0, 3),  # half of the time
        (8, gpu(80, 2, half=1.1), 0, 8),  # hardly ever
    ],
)
def test_memory_and_time_decide_how_many_trials_share_a_gpu(
    wanted: int, measured: MeasuredGpu, picture_gb: float, expected: int
) -> None:
    assert trials_per_gpu(wanted, measured, picture_bytes=round(picture_gb * GB)) == expected


def fullest(peaks: list[float], per_gpu: int, rng: np.random.Generator) -> float:
    """Most memory of one of two simulated GPUs that was in use while all trials ran."""
    used, running = [0.0, 0.0], [(0.0, slot % 2, 0.0) for slot in range(2 * per_gpu)]
    heapq.heapify(running)
    most = 0.0
    for peak in peaks:
        now, index, freed = heapq.heappop(running)
        # a context, and fragments that the measurement did not have
        taken = peak * rng.uniform(0.95, 1.1) + 0.5 * GB
        used[index] += taken - freed
        most = max(most, used[index])
        heapq.heappush(running, (now + rng.exponential(), index, taken))
    return most


@pytest.mark.parametrize("seed", range(5))
def test_100_mixed_trials_never_fill_the_memory(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kinds = np.sort(rng.lognormal(np.log(4 * GB), 0.8, 12).clip(max=30 * GB))[::-1]
    measured = MeasuredGpu(40 * GB, [Footprint(round(peak), 1.0, 0.95) for peak in kinds[:4]])
    per_gpu = trials_per_gpu(8, measured, picture_bytes=GB)
    trials = [float(peak) + GB for peak in rng.choice(kinds, 100)]
    assert fullest(trials, per_gpu, rng) <= 40 * GB
    assert fullest(trials, 8, rng) > 40 * GB  # a fixed fraction would


def test_the_share_for_pictures_is_that_of_the_training() -> None:
    free, fits = gpu(40, 1), 10 * GB
    assert round(batches._GPU_SHARE * free.free_bytes) == fits
    assert trials_per_gpu(9, free, picture_bytes=fits) == 3
    assert trials_per_gpu(9, free, picture_bytes=fits + 1) == 9
