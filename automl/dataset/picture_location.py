"""The location of a picture: a file, or a position inside of a container of many pictures.

The column `path` of samples holds it as text. For a file that is its path; otherwise the path of
the container, `::` and the position: `/data/train.parquet::image/17` is row 17 (from 0) of the
column image, `/data/shard.tar::cat/1.jpg` a member, `/data/set.npz::train_images/17` a picture of
an array. A file that exists under the whole name is meant first. A `Path` of the text is the same.
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from automl.dataset import containers

_SEPARATOR = "::"


def inside(container: Path, position: str) -> str:
    """The location of a picture at a position inside of a container."""
    return f"{container}{_SEPARATOR}{position}"


def file_of(location: str | Path) -> Path:
    """The file on disk that holds the picture: the picture's own, or the container."""
    parts = _parts(str(location))
    return Path(parts[0] if parts else location)


def is_inside(location: str | Path) -> bool:
    """True for a picture in a container."""
    return _parts(str(location)) is not None


def status(location: str | Path) -> os.stat_result:
    """Status of the file that holds the picture.

    Raises:
        OSError: there is no such file.
    """
    parts = _parts(str(location))
    return os.stat(parts[0] if parts else location)  # noqa: PTH116 (a Path takes twice as long)


def exists(location: str | Path) -> bool:
    """True if the file that holds the picture exists."""
    parts = _parts(str(location))
    return os.path.exists(parts[0] if parts else location)  # noqa: PTH110 (as above)


def name(location: str | Path) -> str:
    """Short name to show: that of the file, or of the container and the position in it."""
    text = str(location)
    parts = _parts(text)
    if parts is None:
        return os.path.basename(text)  # noqa: PTH119 (a Path takes six times as long)
    return text[len(os.path.dirname(parts[0])) :].lstrip("/\\")  # noqa: PTH120


@contextlib.contextmanager
def opened(picture: str | Path | BinaryIO) -> Iterator[BinaryIO]:
    """Open a picture wherever it is; a file that is open already is passed on.

    Raises:
        OSError: the file cannot be opened.
        UnreadablePicture: the container is damaged, or holds no picture there.
    """
    if not isinstance(picture, str | Path):
        yield picture
        return
    parts = _parts(str(picture))
    with containers.picture(*parts) if parts else Path(picture).open("rb") as file:
        yield file


def in_reading_order(locations: Sequence[str]) -> list[int]:
    """Positions of the locations, so that neighbours inside of a container follow each other.

    Rows of a table are stored in blocks that are read as a whole.
    """
    keys = [_order(location) for location in locations]
    return sorted(range(len(keys)), key=keys.__getitem__)


def _order(location: str) -> tuple[str, str, int]:
    parts = _parts(location)
    if parts is None:
        return "", "", 0
    array, _, row = parts[1].rpartition("/")
    return (parts[0], array, int(row)) if row.isdecimal() else (*parts, 0)


def _parts(location: str) -> tuple[str, str] | None:
    """Container and position; None for a file."""
    at = location.find(_SEPARATOR)
    if at < 0 or os.path.lexists(location):
        return None
    while at >= 0:
        if location[:at].lower().endswith(containers.SUFFIXES):
            return location[:at], location[at + len(_SEPARATOR) :].replace(os.sep, "/")
        at = location.find(_SEPARATOR, at + 1)
    return None
