"""Decode pictures once, into one array on disk that every trial maps into its memory."""

import dataclasses
import hashlib
import io
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import PIL
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from automl.dataset import cache_entries, picture_location, pictures
from automl.dataset.packed_pictures import (
    PackedPictures,
    PixelArray,
    layout,
    load_whole,
    packed_sizes,
)
from automl.dataset.rendering import PLAIN, Rendering
from automl.dataset.resumable_array import ResumableArray, left_overs
from automl.dataset.threads import map_in_threads
from automl.errors import DataError
from automl.host import home
from automl.jobs.hyperparameters import Hyperparameters

_VERSION = 2  # raise it when the same picture would give other pixels
_ABANDONED_SECONDS = 24 * 3600

Progress = Callable[[int, int], None]


PictureSizes = tuple[int, int]
"""Sides in pixels: the short one of resized pictures, and that of the crops that are scored."""


def picture_sizes(hyperparameters: Hyperparameters) -> PictureSizes:
    """The sizes at which a trial with these hyperparameters reads its pictures."""
    return hyperparameters.validation_resize_size, hyperparameters.validation_crop_size


def sizes_of(samples: pd.DataFrame, chosen: PictureSizes) -> NDArray[np.int64]:
    """(N, 2): height and width of the stored pictures of the samples."""
    resize_size, crop_size = chosen
    return packed_sizes(
        samples["width"].tolist(),
        samples["height"].tolist(),
        resize_size=resize_size,
        crop_size=crop_size,
    )


def whole_pictures(
    samples: pd.DataFrame,
    chosen: PictureSizes,
    *,
    rendering: Rendering = PLAIN,
    progress: Progress | None = None,
) -> PackedPictures[PixelArray]:
    """Decode every row's picture, to train with and to score.

    Args:
        samples: as `scan` has them; only readable ones.
        chosen: the sizes, see `picture_sizes`.
        rendering: of the data set.
        progress: called with how many pictures are decoded and how many there are, also while
            another process decodes the same ones; may raise an error to give up.

    Raises:
        DataError: a picture has changed since the scan, or the disk has too little room.
    """
    sizes = sizes_of(samples, chosen)
    target = home.cache_dir("pixels") / _name(samples, chosen, rendering)

    def still_waiting() -> None:
        if progress:
            progress(0, len(samples))

    with cache_entries.locked(target.name, while_waiting=still_waiting):
        # trials map it into memory for as long as this process lives
        cache_entries.hold(target)
        if not target.is_file():
            _build(samples, target, sizes, (chosen, rendering), progress=progress)
    return PackedPictures[PixelArray].of(target, sizes)


def contents(
    samples: pd.DataFrame, chosen: PictureSizes, rendering: Rendering = PLAIN
) -> NDArray[np.bytes_]:
    """(N,): a name for the pixels of each picture, from all that decides them."""
    how = json.dumps([_VERSION, PIL.__version__, chosen, dataclasses.asdict(rendering)])
    names = [
        hashlib.sha256(f"{how} {content_hash}".encode()).hexdigest()[:32]
        for content_hash in samples["content_hash"].tolist()
    ]
    return np.array(names, "S32")


def size_bytes() -> int:
    """Bytes of all arrays together."""
    return sum(path.stat().st_size for path in home.cache_dir("pixels").iterdir())


def clear() -> None:
    """Remove the arrays that no living process uses, and unfinished ones of ended processes."""
    for path in home.cache_dir("pixels").iterdir():
        _remove_unused(path)


def _name(samples: pd.DataFrame, chosen: PictureSizes, rendering: Rendering) -> str:
    # another release of Pillow may decode or resize to other pixels
    key = [_VERSION, PIL.__version__, chosen, samples["content_hash"].tolist()]
    if rendering != PLAIN:  # so that arrays of earlier versions are still found
        key.append(dataclasses.asdict(rendering))
    return home.cache_name(key) + ".npy"


def _remove_unused(path: Path) -> None:
    """Remove an array, or what is left of an unfinished one, unless a process uses it."""
    array = path.with_suffix(".npy")
    try:
        with (
            FileLock(cache_entries.lock_path(array.name), timeout=0),
            cache_entries.unused(array) as is_free,
        ):
            for file in (array, *left_overs(array)) if is_free else ():
                file.unlink(missing_ok=True)
    except Timeout:
        return  # another process is building it


def _build(
    samples: pd.DataFrame,
    target: Path,
    sizes: NDArray[np.int64],
    how: tuple[PictureSizes, Rendering],
    *,
    progress: Progress | None,
) -> None:
    _remove_abandoned(target.parent)
    paths, hashes = samples["path"].tolist(), samples["content_hash"].tolist()
    array = ResumableArray(target, layout(sizes))
    missing = array.missing()
    order = picture_location.in_reading_order([paths[row] for row in missing])
    missing = [missing[position] for position in order]
    num_there = len(samples) - len(missing)

    def fill(row: int) -> None:
        array.fill(row, _decoded(paths[row], hashes[row], sizes[row], *how))

    def tell(done: int, _: int) -> None:
        if progress:
            progress(num_there + done, len(samples))

    try:
        map_in_threads(fill, missing, tell)
    except DataError:
        array.discard()  # a picture has changed, so that another array will be asked for
        raise
    except Exception:
        array.save()  # a stop, or the time limit: who goes on has these pictures already
        raise
    array.finish()


def _remove_abandoned(folder: Path) -> None:
    """Remove unfinished arrays of ended processes that nobody has continued for a day."""
    latest = time.time() - _ABANDONED_SECONDS
    for partial in folder.glob("*.partial"):
        if partial.stat().st_mtime < latest:
            _remove_unused(partial)


def _decoded(
    path: str,
    content_hash: str,
    size: NDArray[np.int64],
    chosen: PictureSizes,
    rendering: Rendering,
) -> NDArray[np.uint8]:
    resize_size, crop_size = chosen
    try:
        with picture_location.opened(path) as file:
            content = file.read()
        if hashlib.sha256(content).hexdigest() == content_hash:
            source = io.BytesIO(content)
            return load_whole(
                source, size, resize_size=resize_size, crop_size=crop_size, rendering=rendering
            )
    except FileNotFoundError as error:
        raise DataError(
            f"{path} is gone since the data was checked. Put it back, or start a new search on the "
            "pictures that there are."
        ) from error
    except (OSError, pictures.UnreadablePicture) as error:
        said = (error.strerror if isinstance(error, OSError) else "") or str(error).rstrip(".")
        raise DataError(
            f"{path} can no longer be read ({said}). Put it back as it was, or start a new search."
        ) from error
    raise DataError(
        f"{path} has changed since the data was checked. Put it back as it was, or start a new "
        "search."
    )
