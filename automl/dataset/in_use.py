"""Marks on cached files and folders, so that nobody clears away what a process still reads.

A mark is a lock that its process holds until it ends.
"""

import uuid
from pathlib import Path

from automl.host import home, process_lock

_held: set[Path] = set()  # by this process, for as long as it lives


def hold(path: Path) -> None:
    """Mark a file or folder of the cache as in use until this process ends."""
    if path not in _held:
        process_lock.take(_marks_dir() / f"{path.name}.{uuid.uuid4().hex}.lock")
        _held.add(path)


def is_held(path: Path) -> bool:
    """Whether any process uses the file or folder, this one included."""
    return any(_is_alive(mark) for mark in _marks_dir().glob(f"{path.name}.*.lock"))


def _is_alive(mark: Path) -> bool:
    """Marks of processes that have ended are removed on the way."""
    is_alive = process_lock.is_held(mark)
    if not is_alive:
        mark.unlink(missing_ok=True)
    return is_alive


def _marks_dir() -> Path:
    return home.cache_dir("in_use")
