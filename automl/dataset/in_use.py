"""Marks on cached files and folders, so that nobody clears away what a process still reads.

A mark is a file lock that its process holds until it ends; the system frees it even on a crash.
"""

import uuid
from pathlib import Path

from filelock import FileLock, Timeout

from automl import home

_held: dict[Path, FileLock] = {}  # of this process, for as long as it lives


def hold(path: Path) -> None:
    """Mark a file or folder of the cache as in use until this process ends."""
    if path not in _held:
        mark = _marks_dir() / f"{path.name}.{uuid.uuid4().hex}.lock"
        lock = FileLock(mark, thread_local=False)  # whichever thread it was that asked
        lock.acquire()
        _held[path] = lock


def is_held(path: Path) -> bool:
    """Whether any process uses the file or folder, this one included."""
    return any(_is_alive(mark) for mark in _marks_dir().glob(f"{path.name}.*.lock"))


def _is_alive(mark: Path) -> bool:
    """Marks of processes that have ended are removed on the way."""
    try:
        with FileLock(mark, timeout=0):
            mark.unlink(missing_ok=True)
    except Timeout:
        return True
    return False


def _marks_dir() -> Path:
    return home.cache_dir("in_use")
