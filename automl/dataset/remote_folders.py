"""Folders and archives in a cloud's storage, copied once into the cache of this machine."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec

from automl.dataset import cache_entries, downloads, public_http
from automl.errors import DataError
from automl.host import atomic, home

_MAX_FILES = 200_000
_MAX_BYTES = downloads.MAX_BYTES

Files = Mapping[PurePosixPath, Mapping[str, Any]]
"""Facts that the storage has about each file, by its path below the folder."""


def fetch(address: str) -> Path:
    """Copy the folder or file at an address, if the same was not copied before; return its path.

    A change of a name, a size or a version in the storage makes another copy.

    Raises:
        DataError: a package is missing, nothing lies there, it is too large, or the storage
            refuses.
    """
    downloads.check_driver(downloads.scheme_of(address))
    shown = public_http.shown(address)
    try:
        storage, root = fsspec.core.url_to_fs(address)
        found: dict[str, Mapping[str, Any]] = storage.find(root, detail=True)
        is_file = set(found) == {root}
        folder = root.rpartition("/")[0] if is_file else root
        files = _below(folder, found)
        _refuse(shown, files)
        copy = _copied(storage, folder, files, _key(address, files))
        return copy / PurePosixPath(root).name if is_file else copy
    except DataError:
        raise
    except Exception as error:  # each driver raises its own errors
        raise DataError(
            f"The address {shown} {public_http.reason(error)}. Check it, or download the "
            "folder and give its path."
        ) from error


def _below(root: str, found: Mapping[str, Mapping[str, Any]]) -> Files:
    below = {PurePosixPath(path).relative_to(root): about for path, about in found.items()}
    return {path: about for path, about in below.items() if path.parts and ".." not in path.parts}


def _refuse(shown: str, files: Files) -> None:
    num_bytes = sum(int(about.get("size") or 0) for about in files.values())
    if not files:
        raise DataError(f"{shown} holds no files. Check the address.")
    if len(files) > _MAX_FILES or num_bytes > _MAX_BYTES:
        raise DataError(
            f"{shown} holds {len(files):,} files of {num_bytes / 1000**3:,.1f} GB; at most "
            f"{_MAX_FILES:,} files of {_MAX_BYTES / 1000**3:,.0f} GB are copied. Download the "
            "folder and give its path."
        )


def _key(address: str, files: Files) -> str:
    versions = [
        [
            str(path),
            *(str(about.get(name)) for name in ("size", "etag", "ETag", "mtime", "created")),
        ]
        for path, about in sorted(files.items())
    ]
    return home.cache_name([address, versions])


def _copied(storage: Any, root: str, files: Files, key: str) -> Path:
    """The copy in the cache, made if it is not there."""
    target = home.cache_dir("remote") / key[:2] / key[2:] / (PurePosixPath(root).name or "folder")
    with cache_entries.locked(f"remote-{key}"):
        if not target.is_dir():
            with atomic.new_folder(target) as folder:
                for path in files:
                    folder.joinpath(path).parent.mkdir(parents=True, exist_ok=True)
                local = [str(folder / path) for path in files]
                storage.get([f"{root}/{path}" for path in files], local)  # several at a time
    return target
