"""An array on disk that is filled part by part, and continued after its process was ended."""

import os
import shutil
import threading
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from automl.errors import DataError

_SPARE_BYTES = 200 * 1000**2
_SAVE_SECONDS = 5.0

_Array = np.memmap[tuple[int, ...], np.dtype[np.uint8]]


class ResumableArray:
    """Flat uint8, kept as `<path>.partial` until it is finished and becomes the .npy at `path`.

    It consists of rows of different lengths. A list of the filled rows is saved as `<path>.rows`
    every few seconds, after the rows themselves have been flushed. So a row in the list is
    complete, even after a power failure.
    """

    def __init__(self, path: Path, offsets: NDArray[np.int64]) -> None:
        """Continue the array that an ended process left, or reserve room for a new one.

        The caller holds a lock, so that no other process does the same.

        Args:
            path: of the finished array.
            offsets: the first byte of each row, and the end of the last one.

        Raises:
            DataError: the disk has too little room.
        """
        self._path, self._partial, self._rows = path, *left_overs(path)
        self._offsets = offsets
        self._array, self._is_there = self._recalled() or self._new()
        self._saving = threading.Lock()
        self._saved_at = time.monotonic()

    def missing(self) -> list[int]:
        """Rows that are not filled yet."""
        rows: list[int] = np.flatnonzero(~self._is_there).tolist()
        return rows

    def fill(self, row: int, content: NDArray[np.uint8]) -> None:
        """Set one row; several threads may do so at once."""
        self._array[self._offsets[row] : self._offsets[row + 1]] = content.ravel()
        self._is_there[row] = True
        is_due = time.monotonic() - self._saved_at >= _SAVE_SECONDS
        if is_due and self._saving.acquire(blocking=False):
            try:
                self.save()
            finally:
                self._saving.release()

    def save(self) -> None:
        """Keep what is filled, for a process that continues the array."""
        is_there = self._is_there.copy()
        self._array.flush()
        # in place: rows only ever become filled, so a list that is half new is right, too
        with self._rows.open("r+b") as file:
            is_there.tofile(file)
            file.flush()
            os.fsync(file.fileno())
        self._saved_at = time.monotonic()

    def finish(self) -> None:
        """Give the array its name; all rows must be filled."""
        self._array.flush()
        self._partial.rename(self._path)
        self._rows.unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove the unfinished array."""
        for left_over in (self._partial, self._rows):
            left_over.unlink(missing_ok=True)

    def _recalled(self) -> tuple[_Array, NDArray[np.bool_]] | None:
        try:
            is_there = np.fromfile(self._rows, np.bool_)
            array = np.lib.format.open_memmap(self._partial, "r+")
        except (OSError, ValueError, SyntaxError, EOFError):  # no file, or a damaged one
            return None
        num_rows, num_bytes = len(self._offsets) - 1, self._offsets[-1]
        fits = array.shape == (num_bytes,) and array.dtype == np.uint8 and len(is_there) == num_rows
        return (array, is_there) if fits else None

    def _new(self) -> tuple[_Array, NDArray[np.bool_]]:
        self._rows.unlink(missing_ok=True)  # the list of another array of this name
        array = _reserve(self._partial, int(self._offsets[-1]))
        is_there = np.zeros(len(self._offsets) - 1, np.bool_)
        is_there.tofile(self._rows)
        return array, is_there


def left_overs(path: Path) -> tuple[Path, Path]:
    """Files of an unfinished array: its rows, and the list of those that are filled."""
    return path.with_suffix(".partial"), path.with_suffix(".rows")


def _reserve(path: Path, needed: int) -> _Array:
    """A new array on disk with all its room reserved.

    Otherwise a write to the mapped file on a full disk would kill the process with SIGBUS.
    """
    free = shutil.disk_usage(path.parent).free
    if needed + _SPARE_BYTES > free:
        raise DataError(
            f"The decoded pictures need {needed / 1000**2:,.0f} MB on the disk of {path.parent}, "
            f"where {free / 1000**2:,.0f} MB are free; {_SPARE_BYTES / 1000**2:,.0f} MB are kept "
            "free for everything else. Make room there, or set AUTOML_HOME to another disk."
        )
    array = np.lib.format.open_memmap(path, "w+", np.uint8, (needed,))
    if hasattr(os, "posix_fallocate"):
        with path.open("rb+") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array
