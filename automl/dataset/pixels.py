"""Pictures decoded once, into one array on disk that every trial maps into its memory."""

import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from PIL import Image

from automl import home
from automl.dataset import in_use, pictures
from automl.dataset.errors import DataError
from automl.dataset.threads import map_in_threads

_VERSION = 1  # raise it when the same picture would give other pixels
_SPARE_BYTES = 200 * 1000**2

Progress = Callable[[int, int], None]


def whole_pictures(samples: pd.DataFrame, size: int, *, progress: Progress | None = None) -> Path:
    """`.npy` of (N, size, size, 3) uint8: every row's whole picture, squashed to a square."""

    def squash(content: io.BytesIO) -> NDArray[np.uint8]:
        image = pictures.load_rgb(content, min_side=size)
        return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))

    name = _name(samples, ["whole", size])
    return _array(samples, name, size, squash, progress=progress)


def centre_crops(
    samples: pd.DataFrame, *, resize_size: int, crop_size: int, progress: Progress | None = None
) -> Path:
    """`.npy` of (N, crop_size, crop_size, 3) uint8: `pictures.load_preprocessed` of every row."""

    def crop(content: io.BytesIO) -> NDArray[np.uint8]:
        return pictures.load_preprocessed(content, resize_size=resize_size, crop_size=crop_size)

    name = _name(samples, ["crops", resize_size, crop_size])
    return _array(samples, name, crop_size, crop, progress=progress)


def size_bytes() -> int:
    """Of all arrays together."""
    return sum(path.stat().st_size for path in home.cache_dir("pixels").iterdir())


def clear() -> None:
    """Remove the arrays that no living process has asked for, and what killed ones left."""
    for path in home.cache_dir("pixels").iterdir():
        _remove_unused(path)


def _name(samples: pd.DataFrame, what: list[str | int]) -> str:
    key = json.dumps([_VERSION, what, samples["content_hash"].tolist()])
    return hashlib.sha256(key.encode()).hexdigest() + ".npy"


def _array(
    samples: pd.DataFrame,
    name: str,
    side: int,
    decode: Callable[[io.BytesIO], NDArray[np.uint8]],
    *,
    progress: Progress | None,
) -> Path:
    target = home.cache_dir("pixels") / name
    with FileLock(_lock_path(target)):
        in_use.hold(target)  # trials will map it into memory for as long as this process lives
        if not target.is_file():
            _build(samples, target, side, decode, progress=progress)
    return target


def _lock_path(path: Path) -> Path:
    return home.cache_dir("locks") / f"{path.stem}.npy.lock"


def _remove_unused(path: Path) -> None:
    """path: of an array, or of one that was not finished."""
    try:
        with FileLock(_lock_path(path), timeout=0):
            if not in_use.is_held(path.with_suffix(".npy")):
                path.unlink(missing_ok=True)
    except Timeout:
        return  # somebody is building it


def _build(
    samples: pd.DataFrame,
    target: Path,
    side: int,
    decode: Callable[[io.BytesIO], NDArray[np.uint8]],
    *,
    progress: Progress | None,
) -> None:
    for left_over in target.parent.glob("*.partial"):  # by processes that were killed
        _remove_unused(left_over)
    rows = list(enumerate(zip(samples["path"], samples["content_hash"], strict=True)))
    partial = target.with_suffix(".partial")
    try:
        array = _reserve(partial, (len(rows), side, side, 3))

        def fill(row: tuple[int, tuple[str, str]]) -> None:
            position, (path, content_hash) = row
            array[position] = _decoded(path, content_hash, decode)

        map_in_threads(fill, rows, progress)
        array.flush()
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)


def _reserve(
    path: Path, shape: tuple[int, int, int, int]
) -> np.memmap[tuple[int, ...], np.dtype[np.uint8]]:
    """An array on disk with all its room taken at once.

    A write to a mapped file on a disk that has become full kills the process.
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


def _decoded(
    path: str, content_hash: str, decode: Callable[[io.BytesIO], NDArray[np.uint8]]
) -> NDArray[np.uint8]:
    try:
        content = Path(path).read_bytes()
        if hashlib.sha256(content).hexdigest() == content_hash:
            return decode(io.BytesIO(content))
    except (OSError, pictures.UnreadablePicture) as error:
        raise DataError(f"{path} can no longer be read: {error} Start again.") from error
    raise DataError(f"{path} has changed since the data was checked. Start again.")
