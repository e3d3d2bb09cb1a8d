"""Resolve the location of a picture in a table to a file on this machine."""

import os
import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from automl.dataset import data_roots, downloads, picture_location
from automl.dataset.downloads import scheme_of
from automl.errors import DataError, UserError
from automl.jobs import datastores

_FILE_URL = re.compile(r"file:(?://[^/]*)?(.*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Surroundings:
    """Folder that locations are relative to, and limits on where they may lead."""

    folder: Path
    """Folder of the table that contains them."""

    datastores: Mapping[str, str]
    """Folder, or URL of one, that stands for each of Azure's datastores."""

    fence: Path | None = None
    """Resolved. For untrusted data: the only folder that may be read; and no URL may be read that
    takes the credentials of this machine."""

    code_page: str | None = None
    """Code page of tables that are text; guessed if left out."""

    remote: str = ""
    """Address of a table that was downloaded: relative locations lie beside it, and others with
    the same scheme may be read."""


@dataclass(frozen=True)
class Files:
    """One file for each location, which need not exist."""

    paths: list[str]
    problems: list[str | None]
    """A sentence on why a download failed, or None."""


def find(
    locations: Sequence[str],
    rows: Sequence[str],
    around: Surroundings,
    *,
    download: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Files:
    """Find the files that the locations of a table stand for.

    Args:
        locations: relative and absolute paths, `file:`, `http(s):` and other URLs, Azure's
            datastores.
        rows: row of each, for the errors: `Row 3 of labels.csv`.
        around: what they are relative to.
        download: False if files that lie elsewhere are not downloaded.
        progress: called with how many files are downloaded, and how many there are to download.

    Raises:
        DataError: a datastore is not mapped, a package is missing, or a location is not allowed. A
            download that fails is no error.
    """
    resolved = [_resolved(*pair, around) for pair in zip(locations, rows, strict=True)]
    if around.fence is None:
        data_roots.check_tables(target for target in resolved if isinstance(target, Path))
    urls = [target for target in resolved if isinstance(target, str)]
    for scheme in sorted({scheme_of(url) for url in urls}):
        downloads.check_driver(scheme)
    problems = downloads.fetch(urls, progress=progress) if download and urls else {}
    return Files(
        paths=[str(downloads.path_of(t) if isinstance(t, str) else t) for t in resolved],
        problems=[problems.get(t) if isinstance(t, str) else None for t in resolved],
    )


def find_file(location: str, row: str, around: Surroundings) -> Path:
    """Find a single file, which must exist.

    Raises:
        DataError: the file does not exist, or see `find`.
    """
    files = find([location], [row], around)
    (path,), (problem,) = files.paths, files.problems
    if problem:
        raise DataError(problem)
    if not os.path.isfile(path):  # noqa: PTH113 (no error for a name that no file can have)
        raise DataError(f"{row} names {location!a}, but there is no file {path!a}. Check the name.")
    return Path(path)


def in_datastore(location: str, around: Surroundings) -> str | None:
    """Return the path or URL of a location in a mapped datastore; None for any other location.

    Raises:
        DataError: the datastore is not mapped, or the location leads out of it.
    """
    try:
        return datastores.locate(location, around.datastores)
    except UserError as error:
        raise DataError(str(error)) from None


def _resolved(location: str, row: str, around: Surroundings) -> Path | str:
    """A local path, or the URL of a file elsewhere."""
    mapped = in_datastore(location, around)
    is_beside = around.remote and mapped is None and _is_relative(location)
    if is_beside:
        location = _beside(around.remote, location)
    target = _target(location if mapped is None else mapped, around.folder)
    if isinstance(target, str) and scheme_of(target) in ("http", "https"):
        return target
    # `::` chains URLs in fsspec, the last of which could be a local file
    stays_inside = around.fence is not None or data_roots.do_tables_stay_inside()
    is_fenced = stays_inside and mapped is None
    if isinstance(target, str) and around.remote:
        is_fenced = is_fenced and scheme_of(target) != scheme_of(around.remote)
    if isinstance(target, str) and ("::" in target or is_fenced):
        raise DataError(
            f"{row} names {location}, which would be read with the rights of this machine: no "
            "archive or upload may do so, and no table of an app that several people use. Use "
            "https:, or put the pictures beside the table."
        )
    if isinstance(target, Path) and around.fence and mapped is None:
        _check_inside(target, row, around.fence)
    return target


def _is_relative(location: str) -> bool:
    """True for a path, also an absolute one of another machine, and not for pictures in a table."""
    is_url = bool(scheme_of(location) or _FILE_URL.fullmatch(location))
    return not is_url and not picture_location.is_inside(location)


def _beside(table: str, location: str) -> str:
    """Address of a path that is relative to the folder of a table, with the table's query."""
    address, question, query = table.partition("?")
    scheme, _, rest = address.partition("://")
    host, _, path = rest.partition("/")
    inside = location.replace("\\", "/").lstrip("/")
    if scheme in ("http", "https"):
        inside = quote(inside, safe="/%")
    joined = posixpath.normpath(posixpath.join("/", posixpath.dirname(path), inside))
    return f"{scheme}://{host}{joined}{question}{query}"


def _target(location: str, folder: Path) -> Path | str:
    if file := _FILE_URL.fullmatch(location):
        return folder / unquote(file[1]).replace("\0", "?")
    return location if scheme_of(location) else _local(location, folder)


def _local(location: str, folder: Path) -> Path:
    path = folder / location
    if "\\" in location and not picture_location.exists(path):  # written on Windows
        return folder / location.replace("\\", "/")
    return path


def _check_inside(path: Path, row: str, fence: Path) -> None:
    files = (path, picture_location.file_of(path))
    if not all(Path(os.path.realpath(file)).is_relative_to(fence) for file in files):
        raise DataError(
            f"{row} names a file outside of the data, {str(path)!a}, which an archive or upload "
            "may not. Put the pictures into the archive and name them by their paths in it."
        )
