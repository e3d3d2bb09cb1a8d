"""An array on disk that is filled row by row, and continued after its process was killed."""

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
    """(N, …) uint8, kept as `<path>.partial` until it is finished and becomes the .npy at `path`.

    A list of the filled rows is saved as `<path>.rows` every few seconds, after the rows themselves
    have been flushed. So a row in the list is complete, even after a power failure.
    """

    def __init__(self, path: Path, shape: tuple[int, ...]) -> None:
        """Continue the array that a killed process left, or reserve room for a new one.

        The caller holds a lock, so that no other process does the same.

        Raises:
            DataError: the disk has too little room.
        """
        self._path, self._partial, self._rows = path, *left_overs(path)
        self._array, self._is_there = self._recalled(shape) or self._new(shape)
        self._saving = threading.Lock()
        self._saved_at = time.monotonic()

    def missing(self) -> list[int]:
        """Rows that are not filled yet."""
        rows: list[int] = np.flatnonzero(~self._is_there).tolist()
        return rows

    def fill(self, row: int, content: NDArray[np.uint8]) -> None:
        """Set one row; several threads may do so at once."""
        self._array[row] = content
        self._is_there[row] = True
        is_due = time.monotonic() - self._saved_at >= _SAVE_SECONDS
        if is_due and self._saving.acquire(blocking=False):
            try:
                self._save()
            finally:
                self._saving.release()

    def finish(self) -> None:
        """Give the array its name; all rows must be filled."""
        self._array.flush()
        self._partial.rename(self._path)
        self._rows.unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove the unfinished array."""
        for left_over in (self._partial, self._rows):
            left_over.unlink(missing_ok=True)

    def _recalled(self, shape: tuple[int, ...]) -> tuple[_Array, NDArray[np.bool_]] | None:
        try:
            is_there = np.fromfile(self._rows, np.bool_)
            array = np.lib.format.open_memmap(self._partial, "r+")
        except (OSError, ValueError, SyntaxError, EOFError):  # no file, or a damaged one
            return None
        fits = array.shape == shape and array.dtype == np.uint8 and len(is_there) == shape[0]
        return (array, is_there) if fits else None

    def _new(self, shape: tuple[int, ...]) -> tuple[_Array, NDArray[np.bool_]]:
        self._rows.unlink(missing_ok=True)  # the list of another array of this name
        array, is_there = _reserve(self._partial, shape), np.zeros(shape[0], np.bool_)
        is_there.tofile(self._rows)
        return array, is_there

    def _save(self) -> None:
        is_there = self._is_there.copy()
        self._array.flush()
        # in place: rows only ever become filled, so a list that is half new is right, too
        with self._rows.open("r+b") as file:
            is_there.tofile(file)
            file.flush()
            os.fsync(file.fileno())
        self._saved_at = time.monotonic()


def left_overs(path: Path) -> tuple[Path, Path]:
    """Files of an unfinished array: its rows, and the list of those that are filled."""
    return path.with_suffix(".partial"), path.with_suffix(".rows")


def _reserve(path: Path, shape: tuple[int, ...]) -> _Array:
    """A new array on disk with all its room reserved.

    Otherwise a write to the mapped file on a full disk would kill the process with SIGBUS.
    """
    needed, free = int(np.prod(shape)), shutil.disk_usage(path.parent).free
    if needed + _SPARE_BYTES > free:
        raise DataError(
            f"The decoded pictures need {needed / 1000**2:,.0f} MB on the disk of {path.parent}, "
            f"where {free / 1000**2:,.0f} MB are free. Make room there, or set AUTOML_HOME to "
            "another disk."
        )
    array = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
    if hasattr(os, "posix_fallocate"):
        with path.open("rb+") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array
