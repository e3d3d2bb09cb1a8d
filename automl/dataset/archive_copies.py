"""Archives that were downloaded or copied twice into one folder."""

import filecmp
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from automl.dataset.archive_members import BROKEN, check_directory, stem_and_suffix
from automl.dataset.copied_names import original_of


def without_copies(folder: Path, names: Iterable[str]) -> tuple[list[str], Mapping[str, str]]:
    """Names of archives without those of copies, and of each copy the one that it repeats.

    An archive is a copy if it is named like one and has the same content: the same bytes, or
    entries of the same names and checksums.
    """
    kept: list[str] = []
    copies: dict[str, str] = {}
    for name in sorted(names, key=lambda name: (original_of(_stem(name)) is not None, name)):
        same = (
            one for one in kept if _are_named_alike(name, one) and _are_equal(folder, name, one)
        )
        original = next(same, None)
        if original is None:
            kept.append(name)
        else:
            copies[name] = original
    return sorted(kept), copies


def _stem(name: str) -> str:
    return stem_and_suffix(name)[0]


def _are_named_alike(copy: str, other: str) -> bool:
    original = original_of(_stem(copy))
    plain = original_of(_stem(other)) or _stem(other)
    return original is not None and original.lower() == plain.lower()


def _are_equal(folder: Path, one: str, two: str) -> bool:
    if filecmp.cmp(folder / one, folder / two, shallow=False):
        return True
    entries = _entries(folder / one)
    return bool(entries) and entries == _entries(folder / two)


def _entries(path: Path) -> set[tuple[str, int, int]]:
    """Name, checksum and size of each entry of a zip file; nothing for another one."""
    try:
        check_directory(path)
        with zipfile.ZipFile(path) as archive:
            return {(info.filename, info.CRC, info.file_size) for info in archive.infolist()}
    except (*BROKEN, OSError):  # a DataError is a ValueError
        return set()
