"""A lock that a process holds for as long as it lives.

The system frees it however the process ends, so it says more than a stored process id, which may
belong to a zombie or to a new process.

`filelock.FileLock` is used for short critical sections, where one process waits for another. It
does not replace this lock, which a started process inherits from the one that starts it, and
which can be queried without a file being created or opened for writing.
"""

import fcntl
import os
import time
from pathlib import Path

_WAIT_SECONDS = 0.2  # longer than a query, which holds a shared lock for an instant


def take(path: Path) -> int | None:
    """Take the lock; None if another process holds it.

    Returns:
        An open descriptor. The lock is held until its last copy is closed: a child process that
        inherits the descriptor holds the lock as well.

    Raises:
        FileNotFoundError: its folder is missing.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + _WAIT_SECONDS
    while not try_lock(descriptor, fcntl.LOCK_EX):
        if time.monotonic() > deadline:
            os.close(descriptor)
            return None
        time.sleep(0.01)
    if not _is_at(descriptor, path):
        # the file was deleted while this process waited: another one would make and lock a new file
        os.close(descriptor)
        return take(path)
    return descriptor


def is_held(path: Path) -> bool:
    """True if a process holds the lock, this one included.

    It creates no file, works in a read-only directory, and lets others query at the same time.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def try_lock(descriptor: int, kind: int) -> bool:
    """Try to lock without waiting; False if the lock is taken."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
