"""Private files with one JSON object a line, which are appended to while others read them."""

import contextlib
import errno
import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

Line = TypeVar("Line", bound=BaseModel)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[int]:
    """The descriptor of a file to append to and to read, which is created if it is missing."""
    # a link that somebody placed is not followed
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def append(path: Path, line: str) -> None:
    """Add a line to a file, see `opened` and `write`."""
    with opened(path) as descriptor:
        write(descriptor, path, line)


def write(descriptor: int, path: Path, line: str) -> None:
    """Add a line in one write, as other processes read the file and append to it at the same time.

    Raises:
        OSError: there is no room for all of it.
    """
    start = "\n" if _is_cut_off(descriptor) else ""
    encoded = f"{start}{line}\n".encode()
    if os.write(descriptor, encoded) < len(encoded):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def _is_cut_off(descriptor: int) -> bool:
    """True if the last line was not written to its end, as by a crash."""
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"


def read(path: Path, kind: type[Line], last: int | None = None) -> Iterator[Line]:
    """The lines, or so many of the latest, the oldest first; one that was cut off is left out.

    Raises:
        OSError: the file is missing, or cannot be read.
    """
    with path.open("rb") as file:
        for line in file if last is None else deque(file, last):
            with contextlib.suppress(ValidationError):
                yield kind.model_validate_json(line)
