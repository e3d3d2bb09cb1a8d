"""From what a table says about where a picture is to a file on this machine."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from automl.dataset import downloads
from automl.dataset.downloads import scheme_of
from automl.errors import DataError
from automl.jobs import datastores

_FILE_URL = re.compile(r"file:(?://[^/]*)?(.*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Surroundings:
    """What locations are relative to, and how far they may lead."""

    folder: Path
    """Of the table that holds them."""

    datastores: Mapping[str, str]
    """The place that stands for each of Azure's datastores: a folder, or the URL of one."""

    fence: Path | None = None
    """Resolved. For the data of strangers: the only folder that may be read, and nothing
    elsewhere that takes our credentials."""


@dataclass(frozen=True)
class Files:
    """One file for each location; it need not exist."""

    paths: list[str]
    problems: list[str | None]
    """Why a file is not there, in a sentence, where that is not plain to see."""


def find(
    locations: Sequence[str],
    rows: Sequence[str],
    around: Surroundings,
    *,
    download: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Files:
    """The files that the locations of a table stand for.

    Args:
        locations: relative and absolute paths, `file:`, `http(s):` and other URLs, Azure's
            datastores.
        rows: where each stands, for the errors: `Row 3 of labels.csv`.
        around: what they are relative to.
        download: whether to download what lies elsewhere.
        progress: called with how much is downloaded, and how much there is to download.

    Raises:
        DataError: a datastore has no place here, a package is missing, or a location is not
            allowed. A download that fails is no error.
    """
    places = [_place(*pair, around) for pair in zip(locations, rows, strict=True)]
    urls = [place for place in places if isinstance(place, str)]
    for scheme in sorted({scheme_of(url) for url in urls}):
        downloads.check_driver(scheme)
    problems = downloads.fetch(urls, progress=progress) if download and urls else {}
    return Files(
        paths=[str(downloads.path_of(p) if isinstance(p, str) else p) for p in places],
        problems=[problems.get(place) if isinstance(place, str) else None for place in places],
    )


def find_file(location: str, row: str, around: Surroundings) -> Path:
    """The one file, which is there.

    Raises:
        DataError: it is not, or see `find`.
    """
    found = find([location], [row], around)
    if found.problems[0]:
        raise DataError(found.problems[0])
    if not os.path.isfile(found.paths[0]):  # noqa: PTH113 (no error for a name no file can have)
        raise DataError(
            f"{row} names {location!a}, but there is no file {found.paths[0]!a}. Check the name."
        )
    return Path(found.paths[0])


def _place(location: str, row: str, around: Surroundings) -> Path | str:
    """A local path, or the URL of what lies elsewhere."""
    try:
        mapped = datastores.locate(location, around.datastores)
    except ValueError as error:
        raise DataError(str(error)) from None
    place = _target(location if mapped is None else mapped, around.folder)
    if isinstance(place, str) and scheme_of(place) in ("http", "https"):
        return place
    if isinstance(place, str) and ("::" in place or (around.fence and mapped is None)):
        raise DataError(
            f"{row} names {location}, which would be read with the rights of this machine: no "
            "archive or upload may do so. Use https:, or put the pictures into the archive."
        )
    if isinstance(place, Path) and around.fence and mapped is None:
        _check_inside(place, row, around.fence)
    return place


def _target(location: str, folder: Path) -> Path | str:
    if file := _FILE_URL.fullmatch(location):
        return folder / unquote(file[1]).replace("\0", "?")
    return location if scheme_of(location) else _local(location, folder)


def _local(location: str, folder: Path) -> Path:
    path = folder / location
    if "\\" in location and not os.path.lexists(path):  # written on Windows
        return folder / location.replace("\\", "/")
    return path


def _check_inside(path: Path, row: str, fence: Path) -> None:
    if not Path(os.path.realpath(path)).is_relative_to(fence):
        raise DataError(
            f"{row} names a file outside of the data, {str(path)!a}, which an archive or upload "
            "may not. Put the pictures into the archive and name them by their paths in it."
        )
