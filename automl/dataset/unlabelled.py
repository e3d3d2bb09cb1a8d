"""Pictures without a label: those of a folder or an archive that the data does not have yet."""

import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from automl.dataset import contained, picture_location, walk
from automl.dataset.archive_members import kind_of_name
from automl.dataset.containers import tar, zip
from automl.dataset.preprocessing import UnreadablePicture
from automl.dataset.rendering import Background
from automl.dataset.scan import scan
from automl.errors import DataError


class Found(NamedTuple):
    """The pictures of a place that need a label."""

    samples: pd.DataFrame
    """As `scan` has them; all can be read, and no two are copies."""

    num_unreadable: int
    """Pictures of the place that are not among them, because they cannot be read."""


def find(
    place: Path,
    *,
    but: Collection[str] = (),
    background: Background = "white",
    progress: Callable[[int, int], None] | None = None,
) -> Found:
    """The readable pictures of a folder, zip, uncompressed tar or table, as `scan` has them.

    Copies are left out. The pictures of an archive are read in place.

    Args:
        place: the folder or archive.
        but: SHA-256 of pictures that are left out.
        background: what is behind transparent pixels.
        progress: see `scan`.

    Raises:
        DataError: there is no such place, or no picture is left.
    """
    locations = _locations(place)
    listing = pd.DataFrame({"path": locations}, dtype="str")
    samples = scan(listing, background=background, progress=progress)
    readable = samples[samples["problem"].isna()].drop_duplicates("content_hash")
    new = readable[~readable["content_hash"].isin(list(but))]
    if new.empty:
        raise DataError(
            f"{place} has {len(readable):,} pictures that can be read, and all of them are in the "
            "data or were decided on already. Choose a folder with other pictures."
            if len(readable)
            else f"{place} has no picture that can be read. Choose a folder or archive of pictures."
        )
    return Found(new.reset_index(drop=True), int(samples["problem"].notna().sum()))


def version(place: Path) -> str:
    """Text that changes when pictures come to a folder or leave it, or an archive is replaced."""
    if not place.is_dir():
        status = place.stat()
        return f"{status.st_ino} {status.st_size} {status.st_mtime_ns}"
    times = [Path(folder).stat().st_mtime_ns for folder, _, _ in os.walk(place)]
    return f"{len(times)} {max(times)} {sum(times)}"


def check(place: Path) -> None:
    """Refuse at once what `find` would refuse without a look at pictures.

    Raises:
        DataError: there is no such folder or archive.
    """
    if place.is_dir():
        return
    if not place.is_file():
        raise DataError(f"There is no folder or archive {place}. Give one with pictures.")
    if not (_is_zip(place) or place.suffix.lower() in (".tar", *contained.SUFFIXES)):
        raise DataError(
            f"{place} is neither a folder nor a .zip, .tar, .parquet, .npz or .arrow file. Unpack "
            "it, and give its folder."
        )


def _locations(place: Path) -> list[str]:
    check(place)
    if place.is_dir():
        found = (str(path) for path in walk.pictures_below(place))
        return [path for path in found if walk.is_text(path)]  # others fit into no table
    if place.suffix.lower() in contained.SUFFIXES:
        return list(contained.locations(place))
    try:
        names = _members(place)
    except UnreadablePicture as error:
        raise DataError(f"{place} cannot be read. {error}") from error
    return [picture_location.inside(place, name) for name in names if walk.is_picture_name(name)]


def _members(place: Path) -> list[str]:
    if _is_zip(place):
        return zip.ZipPictures(str(place)).names()
    return list(tar.TarPictures(str(place)).members)


def _is_zip(place: Path) -> bool:
    return kind_of_name(place.name) == "zip"
