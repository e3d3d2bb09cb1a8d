"""Moments in which no trial computes on this machine, so that a speed can be measured.

A process that computes holds a lock from step to step. One that measures takes it for itself, and
the others wait between two of their steps. None waits for long: a measurement that is disturbed is
better than a search that stands still.
"""

import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from automl.host import home, process_lock

_PATIENCE_SECONDS = 10.0

T = TypeVar("T")


class Work:
    """Held while a process computes, as a context; `steps` lets a measurement go first."""

    def __enter__(self) -> Self:
        self._gate, self._place = _opened("gate"), _opened("place")
        self._enter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._gate)
        os.close(self._place)

    def steps(self, items: Iterable[T]) -> Iterator[T]:
        """The items, each of a few seconds of work at most, with a chance to measure in between."""
        for item in items:
            fcntl.flock(self._place, fcntl.LOCK_UN)
            self._enter()
            yield item

    def _enter(self) -> None:
        # a measurement holds the gate already while it waits for the place
        _wait_for(self._gate, fcntl.LOCK_SH)
        _wait_for(self._place, fcntl.LOCK_SH)
        fcntl.flock(self._gate, fcntl.LOCK_UN)


@contextmanager
def moment() -> Iterator[None]:
    """Nobody of ours computes meanwhile; the caller must not be inside `Work`."""
    gate, place = _opened("gate"), _opened("place")
    try:
        _wait_for(gate, fcntl.LOCK_EX)
        _wait_for(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)
        os.close(gate)


def _opened(name: str) -> int:
    return os.open(_path(name), os.O_RDWR | os.O_CREAT, 0o600)


def _path(name: str) -> Path:
    return home.home_dir() / f"quiet-{name}.lock"


def _wait_for(descriptor: int, kind: int) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not process_lock.try_lock(descriptor, kind) and time.monotonic() < deadline:
        time.sleep(0.005)
