"""Room on the disk: whether it is gone, what is said then, and a little kept for saying it."""

import errno
import os
import shutil
from pathlib import Path

_LEAST_FREE_BYTES = 32 * 1024**2
_RESERVED_BYTES = 1024**2
_NO_SPACE = os.strerror(errno.ENOSPC)  # what is left of an error that comes from a worker


def is_short(folder: Path) -> bool:
    return shutil.disk_usage(folder).free < _LEAST_FREE_BYTES


def is_cause(error: BaseException | None) -> bool:
    """Whether a full disk is behind an error."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if says_so(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False


def says_so(text: str) -> bool:
    return _NO_SPACE in text


def sentence(folder: Path) -> str:
    free = shutil.disk_usage(folder).free / 1e6
    return (
        f"The disk is full: {free:.0f} MB are free where {folder} is. Free some space, then resume "
        "the experiment; everything that was scored is kept."
    )


def reserve(experiment_dir: Path) -> None:
    """Hold a little room, so that the experiment can still write how it ended."""
    path = _reserve_path(experiment_dir)
    if not path.exists():
        with path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, _RESERVED_BYTES)


def release(experiment_dir: Path) -> None:
    _reserve_path(experiment_dir).unlink(missing_ok=True)


def _reserve_path(experiment_dir: Path) -> Path:
    return experiment_dir / ".reserve"
