"""The lock that an experiment's engine holds for as long as it lives.

A process id would lie (zombies, reuse); the system frees this lock however the engine ends.
Whoever starts an engine takes the lock first and hands it over with the open file, so that there
is no moment in which an engine runs without it. Only the holder writes the experiment's records.
"""

import fcntl
import os
import time
from pathlib import Path

from automl import store

_WAIT_SECONDS = 0.2  # a reader who asks holds a shared lock for moments


def take(experiment_dir: Path) -> int | None:
    """An open file that holds the lock until its last copy is closed; None if it is taken."""
    descriptor = os.open(store.lock_path(experiment_dir), os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + _WAIT_SECONDS
    while not _locked(descriptor, fcntl.LOCK_EX):
        if time.monotonic() > deadline:
            os.close(descriptor)
            return None
        time.sleep(0.01)
    return descriptor


def is_held(experiment_dir: Path) -> bool:
    """Whether an engine is alive.

    Asking does not get in the way of other readers, creates no file, and works in a directory
    that may only be read.
    """
    try:
        descriptor = os.open(store.lock_path(experiment_dir), os.O_RDONLY)
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
