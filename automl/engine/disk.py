"""A full disk: recognise it, describe it, and reserve room to record how the experiment ended."""

import errno
import os
import shutil
from pathlib import Path

from automl.errors import is_full_disk
from automl.texts import mark

_LEAST_FREE_BYTES = 32 * 1024**2
_RESERVED_BYTES = 1024**2
_NO_SPACE = os.strerror(errno.ENOSPC)  # Ray's own errors contain it without the number


def is_short(folder: Path) -> bool:
    """True if hardly any room is left on the folder's disk."""
    return shutil.disk_usage(folder).free < _LEAST_FREE_BYTES


def is_cause(error: BaseException | None) -> bool:
    """True if the error, or one that it came from, is that of a full disk.

    A worker's exception is the `cause` of the one that Ray raises here.
    """
    while error is not None:
        if is_full_disk(error) or says_so(str(error)):
            return True
        error = getattr(error, "cause", None) or error.__cause__ or error.__context__
    return False


def says_so(text: str) -> bool:
    """True if the text of an error contains the system's message for a full disk."""
    return _NO_SPACE in text


def sentence(folder: Path) -> str:
    """Cause and next step, for the user."""
    free = shutil.disk_usage(folder).free / 1e6
    return mark(
        "The disk is full: {free} MB are free where {folder} is. Free some space, then resume the "
        "experiment; everything that was scored is kept."
    ).format(free=f"{free:.0f}", folder=folder)


def reserve(experiment_dir: Path) -> None:
    """Reserve 1 MB, so that the experiment can still record how it ended."""
    path = _reserve_path(experiment_dir)
    if not path.exists():
        path.write_bytes(os.urandom(_RESERVED_BYTES))  # a disk may compress what is alike


def release(experiment_dir: Path) -> None:
    """Give the reserved room back."""
    _reserve_path(experiment_dir).unlink(missing_ok=True)


def _reserve_path(experiment_dir: Path) -> Path:
    return experiment_dir / ".reserve"
