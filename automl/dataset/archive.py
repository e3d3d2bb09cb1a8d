"""Extract untrusted archives; never rely on the names or sizes they declare."""

import errno
import hashlib
import os
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from automl.dataset import cache_entries
from automl.dataset.archive_members import BROKEN, OPEN, ArchiveType, Member
from automl.errors import DataError
from automl.host import home

MAX_BYTES = 20 * 1000**3
MAX_FILES = 200_000
MAX_RATIO = 200
SMALL_BYTES = 50 * 1000**2
"""Below this many bytes the ratio does not matter."""

Progress = Callable[[int, int], None]

_VERSION = 2  # raise it when the same archive would be extracted to other files
_CHUNK = 1 << 20
_MAX_NAME_BYTES = 200
_MAX_PATH_BYTES = 2000
_RESERVED = {"con", "prn", "aux", "nul", *(f"{p}{n}" for p in ("com", "lpt") for n in range(1, 10))}


def extract(
    path: Path,
    kind: ArchiveType,
    *,
    max_bytes: int = MAX_BYTES,
    progress: Progress | None = None,
) -> Path:
    """Extract an archive into the cache, unless one of the same bytes has been extracted before.

    Args:
        path: the archive.
        kind: its format.
        max_bytes: most that may come out of it.
        progress: called with how many percent are extracted, and 100; also while another process
            extracts the same archive. May raise an error to give up.

    Returns:
        The folder with the whole content.

    Raises:
        DataError: the archive is damaged, unsafe, too large, or does not fit on the disk.
    """
    with path.open("rb") as file:
        key = f"{kind}-{_VERSION}-{hashlib.file_digest(file, 'sha256').hexdigest()}"
    folder = home.cache_dir("archives")
    target = folder / key

    def tell(percent: int = 0) -> None:
        if progress:
            progress(percent, 100)

    with cache_entries.held(folder), cache_entries.locked(f"archive-{key}", while_waiting=tell):
        if target.is_dir():
            os.utime(target)  # recent, so that clearing the cache keeps it for its next reader
        else:
            _extract_whole(path, kind, target, max_bytes, tell)
    return target


def _extract_whole(
    path: Path, kind: ArchiveType, target: Path, max_bytes: int, tell: Callable[[int], None]
) -> None:
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # of a process that was killed
    size = path.stat().st_size
    try:
        for member in _written(path, kind, partial, max_bytes):
            tell(100 * member.position // max(1, size))
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _written(path: Path, kind: ArchiveType, folder: Path, max_bytes: int) -> Iterator[Member]:
    """Write the files and yield each entry; whatever the libraries raise becomes a DataError.

    As a generator, it does not see errors of the caller's loop, which are no fault of the archive.
    """
    try:
        with OPEN[kind](path) as members:
            folder.mkdir(mode=0o700)
            yield from _checked_and_written(members, folder, path, max_bytes)
    except DataError:
        raise
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DataError(_no_room(path, folder.parent)) from error
        if error.errno not in (None, errno.EINVAL):
            raise
        # gzip and bz2 raise an OSError without a number; in damaged zip files zipfile seeks to -1
        raise _broken(path, kind, error) from error
    except BROKEN as error:
        raise _broken(path, kind, error) from error


def _checked_and_written(
    members: Iterator[Member], folder: Path, path: Path, max_bytes: int
) -> Iterator[Member]:
    """One pass, as a tar file can only be read from front to back."""
    limit = min(max_bytes, max(SMALL_BYTES, MAX_RATIO * path.stat().st_size))
    free = shutil.disk_usage(folder).free
    claimed = 0
    names = _DistinctNames(path)
    for number, member in enumerate(members, 1):
        if number > MAX_FILES:
            raise _refusal(path, f"has more than {MAX_FILES:,} entries")
        parts = _safe_parts(member, path)
        claimed += member.num_bytes  # skipped entries count too: to skip them, a tar unpacks them
        if claimed > limit:
            raise _too_large(path, limit)
        if member.kind == "folder" or not parts or _is_junk(parts):
            continue
        names.add(parts, member.name)
        if claimed > free:
            raise DataError(_no_room(path, folder))
        _write(member, folder.joinpath(*parts))
        yield member


def _write(member: Member, target: Path) -> None:
    """Write one file, and refuse it if its size differs from the declared one, which the limits
    were compared with."""
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with member.open() as source, target.open("xb") as file:
        while written <= member.num_bytes and (chunk := source.read(_CHUNK)):
            written += len(chunk)
            file.write(chunk)
    if written != member.num_bytes:
        raise EOFError(f"{member.name!a} is not as large as it claims")


class _DistinctNames:
    """Refuses two entries that some file system would write to the same file.

    Names are compared case-folded and composed, as file systems of macOS and Windows do.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.taken: set[tuple[str, ...]] = set()
        self.parents: set[tuple[str, ...]] = set()

    def add(self, parts: tuple[str, ...], name: str) -> None:
        """parts: of the path that is written; name: of the entry, for the error."""
        folded = tuple(unicodedata.normalize("NFC", part).casefold() for part in parts)
        above = {folded[:end] for end in range(1, len(folded))}
        if folded in self.taken or folded in self.parents or above & self.taken:
            raise _refusal(self.path, f"has two entries called {name!a}")
        self.taken.add(folded)
        self.parents |= above


def _safe_parts(member: Member, path: Path) -> tuple[str, ...]:
    if member.kind == "other":
        raise _refusal(path, f"has a link or device in it, {member.name!a}")
    if member.is_encrypted:
        raise _refusal(path, "is protected by a password")
    name = member.name.replace("\\", "/")
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or (parts and parts[0][1:2] == ":"):
        raise _refusal(path, f"has an entry that leads out of it, {member.name!a}")
    if "\0" in name or len(name.encode("utf-8", "surrogatepass")) > _MAX_PATH_BYTES:
        raise _refusal(path, f"has an entry whose name no file can have, {member.name[:80]!a}")
    return tuple(_writable(part) for part in parts)


def _writable(part: str) -> str:
    """A name that every file system accepts; long ones are cut, with a hash of the whole name."""
    if part.partition(".")[0].rstrip().lower() in _RESERVED:
        return f"_{part}"
    try:
        encoded = part.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate
        part = part.encode("utf-8", "replace").decode()
        encoded = part.encode()
    if len(encoded) <= _MAX_NAME_BYTES:
        return part
    start = encoded[:100].decode("utf-8", "ignore")
    return start + hashlib.sha256(encoded).hexdigest()[:16] + Path(part).suffix[:10]


def _is_junk(parts: tuple[str, ...]) -> bool:
    return parts[0] == "__MACOSX" or any(part.startswith(".") for part in parts)


def _broken(path: Path, kind: ArchiveType, error: Exception) -> DataError:
    reason = str(error).encode("utf-8", "replace").decode() or type(error).__name__
    return DataError(
        f"{path} is not a {kind} file that can be read ({reason}). Make the file again."
    )


def _too_large(path: Path, limit: int) -> DataError:
    return _refusal(path, f"would unpack to more than {limit / 1000**2:,.0f} MB")


def _refusal(path: Path, what: str) -> DataError:
    return DataError(f"{path} {what}, so it is not unpacked. Give a folder, or another archive.")


def _no_room(path: Path, folder: Path) -> str:
    free = shutil.disk_usage(folder).free / 1000**2
    return f"{path} does not fit on the disk of {folder}: {free:,.0f} MB are free. Make room there."
