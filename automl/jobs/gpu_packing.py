"""How many trials share a GPU, decided by a measured training step. No torch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_USABLE = 0.9
"""Share of the free memory that trials may take: fragments and other programs need some."""

_CONTEXT_BYTES = 600_000_000
"""Memory of a GPU that a process takes before its first tensor."""

_PICTURES_SHARE = 0.25
"""A trial keeps its pictures on the GPU if they take at most this share of the free memory."""


@dataclass(frozen=True)
class Footprint:
    """A training step of one kind of trial, alone on a GPU."""

    peak_bytes: int
    seconds: float
    half_seconds: float
    """The same with half the pictures."""

    @property
    def busy_share(self) -> float:
        """Share of the step in which the GPU computes, in 0 to 1.

        A step takes a time that does not depend on the pictures, in which the GPU waits for the
        program, and one that grows with their number.
        """
        return min(1.0, max(0.0, 2 * (1 - self.half_seconds / self.seconds)))


@dataclass(frozen=True)
class MeasuredGpu:
    """free_bytes: without the trials; footprints: of the largest kinds of trials, one or more."""

    free_bytes: int
    footprints: Sequence[Footprint]


def trials_per_gpu(wanted: int, gpu: MeasuredGpu, *, picture_bytes: int) -> int:
    """Number of trials to run on a GPU at a time, 1 to `wanted`.

    The memory holds as many of the largest trial, so it holds any mixture. More trials than the
    inverse of the share of time in which one keeps the GPU busy, and one more for the time beside
    its steps, would only wait for each other.

    Args:
        wanted: number of trials that the job allows.
        gpu: as it was measured.
        picture_bytes: decoded training pictures, of which each trial may keep a copy there.
    """
    is_kept = picture_bytes <= _PICTURES_SHARE * gpu.free_bytes
    largest = max(each.peak_bytes for each in gpu.footprints) + _CONTEXT_BYTES
    by_memory = int(_USABLE * gpu.free_bytes / (largest + picture_bytes * is_kept))
    busy = sum(each.busy_share for each in gpu.footprints) / len(gpu.footprints)
    by_time = wanted if busy == 0 else math.ceil(1 / busy) + 1
    return max(1, min(wanted, by_memory, by_time))
