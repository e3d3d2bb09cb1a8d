"""Everything that is kept to save time and can be had again, and how to get rid of it."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from automl.dataset import in_use, pixels
from automl.host import home, storage
from automl.host.storage import Usage

DATA = ("archives", "remote", "uploads")
"""Pictures: unpacked, downloaded, uploaded. Experiments that are running read them."""

NAMES = tuple(sorted((*DATA, "exports", "features", "pixels", "scans")))
_RECENT_SECONDS = 3600


@dataclass(frozen=True)
class Cleared:
    """What came of clearing the caches."""

    freed_bytes: int
    kept_bytes: int
    """In use by an experiment, or pictures and exports of the last hour."""


def hold_data() -> None:
    """Mark the pictures in the caches as in use until this process ends."""
    for name in DATA:
        in_use.hold(home.cache_dir(name))


def usage() -> dict[str, Usage]:
    """Of each cache."""
    return {name: storage.usage(home.cache_dir(name)) for name in NAMES}


def size_bytes() -> dict[str, int]:
    """Bytes of each cache."""
    return {name: found.num_bytes for name, found in usage().items()}


def clear() -> Cleared:
    """Remove what nobody uses."""
    before = sum(size_bytes().values())
    pixels.clear()
    for name in ("features", "scans"):
        _remove(home.cache_dir(name))
    _remove(home.cache_dir("exports"), keep_recent=True)  # one may be on its way
    for name in DATA:
        folder = home.cache_dir(name)
        if not in_use.is_held(folder):
            _remove(folder, keep_recent=True)  # a page may be about to use it
    after = sum(size_bytes().values())
    return Cleared(freed_bytes=before - after, kept_bytes=after)


def _remove(folder: Path, *, keep_recent: bool = False) -> None:
    """What is being written is left in any case."""
    latest = time.time() - _RECENT_SECONDS
    for path in folder.iterdir():
        if (keep_recent or path.suffix == ".partial") and path.lstat().st_mtime > latest:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
