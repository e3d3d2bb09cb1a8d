"""The caches: files that save time and can be made or fetched again, and how to clear them."""

import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from automl.dataset import cache_entries, pixels
from automl.host import home, storage
from automl.host.storage import Usage

DATA = ("archives", "carried", "remote", "uploads")
"""Pictures: unpacked, downloaded, uploaded, or sent here by the engine of another machine. Running
experiments read them."""

MODELS = ("features", "maps", "networks", "references", "speeds", "weights")
"""Made from networks; the next trial makes again what is missing."""

NAMES = tuple(sorted((*DATA, *MODELS, "exports", "pixels", "scans")))
_RECENT_SECONDS = 3600


@dataclass(frozen=True)
class Cleared:
    """Result of clearing the caches."""

    freed_bytes: int
    kept_bytes: int
    """In use by an experiment, or pictures and exports of the last hour."""


def hold_data() -> None:
    """Mark the pictures in the caches as in use until this process ends."""
    for name in DATA:
        cache_entries.hold(home.cache_dir(name))


def usage() -> dict[str, Usage]:
    """Bytes and last use of each cache."""
    return {name: storage.usage(home.cache_dir(name)) for name in NAMES}


def size_bytes() -> dict[str, int]:
    """Bytes of each cache."""
    return {name: cache.num_bytes for name, cache in usage().items()}


def clear() -> Cleared:
    """Remove everything that no process uses."""
    before = sum(size_bytes().values())
    pixels.clear()
    for name in (*MODELS, "scans"):
        _remove(_entries(home.cache_dir(name)))
    # a page may be writing an export, or may be about to read pictures
    _remove(_entries(home.cache_dir("exports"), keep_recent=True))
    for name in DATA:
        folder = home.cache_dir(name)
        with cache_entries.unused(folder) as is_free:
            doomed = [_set_aside(path) for path in _entries(folder, keep_recent=True) if is_free]
        _remove(doomed)
    after = sum(size_bytes().values())
    return Cleared(freed_bytes=before - after, kept_bytes=after)


def _entries(folder: Path, *, keep_recent: bool = False) -> Iterator[Path]:
    """Entries that can go: not those of the last hour, or of these only unfinished ones."""
    latest = time.time() - _RECENT_SECONDS
    for path in list(folder.iterdir()):
        try:
            is_recent = path.lstat().st_mtime > latest
        except FileNotFoundError:
            continue  # another process was faster
        if not (is_recent and (keep_recent or path.suffix == ".partial")):
            yield path


def _set_aside(path: Path) -> Path:
    """Rename an entry, so that nobody finds half of it while it is being removed."""
    return path.rename(path.with_name(f".{uuid.uuid4().hex}.removed"))


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
