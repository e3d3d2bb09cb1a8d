"""Sources of pictures for a new experiment: the sample, a path, or an upload."""

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from automl.dataset import archive_members, bundles, cache_entries, data_roots, sample
from automl.errors import DataError
from automl.host import home
from automl.jobs import addresses
from automl.jobs.data_source import DataSource
from automl.texts import _

ARCHIVES = tuple(end[1:] for ends in archive_members.SUFFIXES.values() for end in ends)
"""Endings of the files that can be uploaded."""

PICTURES = ("jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff")
"""Endings of single pictures that can be uploaded."""

JOB_KEYS = (
    *("target_column_name", "validation_data", "test_data", "validation_data_size", "seed"),
    *("task", "test_data_size"),
    *("datastores", "corrections", "value_range", "background"),
)
"""Keys of a job, besides `training_data`, that describe its data."""

_CHUNK_BYTES = 1 << 20
_LINKS_WITHOUT_FOLDERS = 2


def from_path(text: str) -> DataSource:
    """Return the folder or file at a path that a user typed.

    Raises:
        DataError: the path does not exist, or is outside the data roots.
    """
    path = home.expanded(text.strip().strip("'\""))
    if path.is_absolute():
        data_roots.check(path)  # checked first, so that nobody learns which files exist outside
    if not path.is_absolute() or not os.path.exists(path):  # noqa: PTH110 (raises no error for a long name)
        raise DataError(
            _("There is no folder or file {text}. Give the full path on this machine.").format(
                text=text
            )
        )
    return DataSource(path=path)


def is_within_reach(data: DataSource) -> bool:
    """True if the data exists and lies inside the data roots."""
    try:
        from_path(str(data.path))
    except DataError:
        return False
    return True


def digits() -> DataSource:
    """Return the built-in sample; its pictures are written on first use."""
    target = _digits_dir()
    with cache_entries.locked("digits"):
        if not target.is_dir():
            sample.write_digits(target)
    return DataSource(path=target)


def is_digits(data: DataSource) -> bool:
    return data.path == _digits_dir()


def save_upload(upload: BinaryIO, name: str) -> DataSource:
    """Copy an uploaded archive under its content hash, so that the same file is kept once."""
    folder = home.cache_dir("uploads")
    digest = hashlib.sha256()
    upload.seek(0)
    stem, suffix = archive_members.stem_and_suffix(Path(name).name)
    cache_entries.remove_abandoned(folder)
    file = tempfile.NamedTemporaryFile(  # noqa: SIM115 (renamed after closing)
        dir=folder, suffix=".partial", delete=False
    )
    partial = Path(file.name)
    try:
        with file:
            while chunk := upload.read(_CHUNK_BYTES):
                digest.update(chunk)
                file.write(chunk)
        target = folder / digest.hexdigest()[:16] / f"{slug(stem)}{suffix.lower() or '.zip'}"
        target.parent.mkdir(exist_ok=True)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return DataSource(path=target)


def named(text: str) -> str:
    """A path, or a sentence with paths, where an uploaded archive has its own name alone."""
    folder = re.escape(str(home.cache_dir("uploads")))
    return re.sub(rf"{folder}/[0-9a-f]{{16}}/", "", text)


def signature(path: Path) -> tuple[int, ...]:
    """Numbers that change when files are added or removed, without looking at every file.

    Raises:
        DataError: the path is gone.
    """
    if addresses.of(path):
        return ()
    try:
        return _signature(path)
    except FileNotFoundError:
        raise DataError(
            f"There is no folder or file {path} any more. Choose it where it is now, or choose "
            "other pictures."
        ) from None


def _signature(path: Path) -> tuple[int, ...]:
    if not path.is_dir():
        files = bundles.with_siblings(path)
        return tuple(number for file in files for number in _version(file.stat()))
    return tuple(_times(path, has_folders=True))


def _times(folder: str | Path, *, has_folders: bool = False) -> Iterator[int]:
    """Times of a folder and of those below it, in the order of their names."""
    status = os.stat(folder)  # noqa: PTH116 (as everywhere here, quicker than a Path)
    yield status.st_mtime_ns
    # a folder has two links and one for each folder inside, where the file system counts them
    if has_folders or status.st_nlink != _LINKS_WITHOUT_FOLDERS:
        inside: list[str] = []
        with contextlib.suppress(PermissionError), os.scandir(folder) as entries:
            inside += sorted(each.path for each in entries if each.is_dir(follow_symlinks=False))
        for each in inside:
            yield from _times(each)


def _version(status: os.stat_result) -> tuple[int, int]:
    return status.st_mtime_ns, status.st_size


def slug(text: str) -> str:
    """A short name of letters, digits, dots and dashes."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[:40].lower() or "pictures"


def free_name(data: DataSource, taken: set[str]) -> str:
    """A name for the next experiment on this data: `digits-1`, `digits-2`, …"""
    stem = slug(data.path.stem)
    numbers = range(1, len(taken) + 2)
    return next(f"{stem}-{number}" for number in numbers if f"{stem}-{number}" not in taken)


def _digits_dir() -> Path:
    return home.home_dir() / "samples" / "digits"
