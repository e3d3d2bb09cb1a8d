"""Entries of the caches: written whole, built by one process at a time, kept while they are read.

Three things can go wrong when several processes share a cache, and each has its tool here: a reader
sees half a file (`written_whole`), two processes build the same entry (`locked`), or one process
clears what another still reads (`hold`, `held` and `unused`).
"""

import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from automl.host import atomic, home, process_lock

_ABANDONED_SECONDS = 3600
_WAIT_SECONDS = 0.25  # between two calls of `while_waiting`
_MARKING = "in_use"  # name of the lock under which marks are set and looked at

_held: set[Path] = set()  # by this process, for as long as it lives


@contextmanager
def written_whole(target: Path) -> Iterator[BinaryIO]:
    """Open a file that becomes `target` when the block ends without an error.

    Temporary files in the same folder that are older than an hour are removed: their processes
    were killed.
    """
    remove_abandoned(target.parent)
    with atomic.open_binary(target, durable=False) as file:
        yield file


def remove_abandoned(folder: Path) -> None:
    """Remove temporary files that nobody has written to for an hour."""
    latest = time.time() - _ABANDONED_SECONDS
    for partial in folder.glob("*.partial"):
        try:
            if partial.stat().st_mtime < latest:
                partial.unlink()
        except FileNotFoundError:
            continue  # another process was faster


def lock_path(name: str) -> Path:
    """Lock file of an entry; it stays, as removing it would split those who wait for it."""
    return home.cache_dir("locks") / f"{name}.lock"


@contextmanager
def locked(name: str, *, while_waiting: Callable[[], object] | None = None) -> Iterator[None]:
    """Hold the lock of an entry, which other processes and threads wait for.

    Args:
        name: of the entry, unique among all caches.
        while_waiting: called several times a second while another process has the lock; may raise
            an error to give up.
    """
    lock = FileLock(lock_path(name))
    while not lock.is_locked:
        try:
            lock.acquire(timeout=_WAIT_SECONDS)
        except Timeout:
            if while_waiting:
                while_waiting()
    try:
        yield
    finally:
        lock.release()


def hold(path: Path) -> None:
    """Mark a file or folder of a cache as in use until this process ends."""
    if path not in _held:
        _mark(path)
        _held.add(path)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Mark a file or folder of a cache as in use until the block ends."""
    mark, descriptor = _mark(path)
    try:
        yield
    finally:
        mark.unlink(missing_ok=True)
        os.close(descriptor)


@contextmanager
def unused(path: Path) -> Iterator[bool]:
    """True if no process uses the file or folder; none can begin to until the block ends.

    Keep the block short: every process that marks an entry waits for it. Marks of processes that
    have ended are removed on the way.
    """
    with locked(_MARKING):
        marks = list(_marks_dir().glob(f"{path.name}.*.lock"))
        ended = [mark for mark in marks if not process_lock.is_held(mark)]
        for mark in ended:
            mark.unlink(missing_ok=True)
        yield len(ended) == len(marks)


def _mark(path: Path) -> tuple[Path, int]:
    """A new mark and the descriptor that keeps it alive.

    A mark is a file that its process keeps locked. It is created and locked under the lock of
    `unused`, which would otherwise take it for that of a dead process in between, and remove it.
    """
    mark = _marks_dir() / f"{path.name}.{uuid.uuid4().hex}.lock"
    with locked(_MARKING):
        descriptor = process_lock.take(mark)
    assert descriptor is not None  # nobody else knows this name
    return mark, descriptor


def _marks_dir() -> Path:
    return home.cache_dir("in_use")
