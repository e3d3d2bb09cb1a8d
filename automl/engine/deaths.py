"""Causes of a worker's death that matter to the other trials."""

from dataclasses import dataclass

from ray.exceptions import OutOfMemoryError

from automl.engine import disk
from automl.errors import GpuFailedError


@dataclass(frozen=True)
class Death:
    """Error that ended a worker, as far as Ray Tune keeps it."""

    error: Exception | None
    """None where Tune keeps the text only: it keeps the death of an actor and the exceptions of our
    code, but no other error of Ray."""

    text: str
    history: str
    """Text of this death and of those before it, with tracebacks."""


def is_disk_full(death: Death) -> bool:
    """True if the worker, or Ray for it, could not write."""
    return disk.is_cause(death.error) or disk.says_so(death.text)


def is_memory_short(death: Death) -> bool:
    """True if Ray's memory monitor has ended the worker.

    Tune keeps only the text of this error (`tests/engine/test_ray_internals.py` holds it against
    the real one).
    """
    return isinstance(death.error, OutOfMemoryError) or "running low on memory" in death.text


def lost_gpu(death: Death) -> tuple[str, str] | None:
    """Node and number of the GPU whose failure has ended the worker."""
    error = death.error
    return (error.node, error.gpu) if isinstance(error, GpuFailedError) else None
