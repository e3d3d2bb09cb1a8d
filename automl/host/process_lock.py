"""Locks that a process holds for as long as it lives.

A process id would lie (zombies, reuse); the system frees such a lock however the process ends.
"""

import fcntl
import os
import time
from pathlib import Path

_WAIT_SECONDS = 0.2  # a reader who asks holds a shared lock for moments


def take(path: Path) -> int | None:
    """An open file that holds the lock until its last copy is closed; None if it is taken.

    A child process that inherits the open file holds the lock as well.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + _WAIT_SECONDS
    while not _locked(descriptor, fcntl.LOCK_EX):
        if time.monotonic() > deadline:
            os.close(descriptor)
            return None
        time.sleep(0.01)
    return descriptor


def is_held(path: Path) -> bool:
    """Whether a process holds the lock, this one included.

    Asking does not get in the way of other readers, creates no file, and works in a directory
    that may only be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not _locked(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
