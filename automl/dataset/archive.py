"""Archives of strangers, extracted without trusting a word of what they say about themselves."""

import errno
import hashlib
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from filelock import FileLock

from automl.dataset.archive_members import BROKEN, OPEN, ArchiveType, Member
from automl.errors import DataError
from automl.host import home

MAX_BYTES = 20 * 1000**3
MAX_FILES = 200_000
MAX_RATIO = 200
SMALL_BYTES = 50 * 1000**2
"""Below this many bytes the ratio does not matter."""

_CHUNK = 1 << 20
_MAX_NAME_BYTES = 200
_MAX_PATH_BYTES = 2000
_RESERVED = {"con", "prn", "aux", "nul", *(f"{p}{n}" for p in ("com", "lpt") for n in range(1, 10))}


def extract(path: Path, kind: ArchiveType, *, max_bytes: int = MAX_BYTES) -> Path:
    """Folder with the content, shared by all archives of the same bytes; whole or not there."""
    with path.open("rb") as file:
        key = f"{kind}-{hashlib.file_digest(file, 'sha256').hexdigest()}"
    target = home.cache_dir("archives") / key
    if target.is_dir():
        return target
    with FileLock(home.cache_dir("locks") / f"archive-{key}.lock"):
        if not target.is_dir():
            _extract_whole(path, kind, target, max_bytes)
    return target


def _extract_whole(path: Path, kind: ArchiveType, target: Path, max_bytes: int) -> None:
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # of a process that was killed
    try:
        with OPEN[kind](path) as members:
            partial.mkdir(mode=0o700)
            _write_all(members, partial, path, max_bytes)
        partial.rename(target)
    except DataError:
        raise
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DataError(_no_room(path, target.parent)) from error
        if error.errno not in (None, errno.EINVAL):
            raise
        # gzip and bz2 complain without a number; damaged zip files send the reader to -1
        raise _broken(path, kind, error) from error
    except BROKEN as error:
        raise _broken(path, kind, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write_all(members: Iterator[Member], folder: Path, path: Path, max_bytes: int) -> None:
    """One pass, as a tar file can only be read from front to back."""
    limit = min(max_bytes, max(SMALL_BYTES, MAX_RATIO * path.stat().st_size))
    free = shutil.disk_usage(folder).free
    claimed = 0
    places = _Places(path)
    for number, member in enumerate(members, 1):
        if number > MAX_FILES:
            raise _refusal(path, f"has more than {MAX_FILES:,} entries")
        parts = _safe_parts(member, path)
        claimed += member.num_bytes  # also of what is left out: a tar file is unpacked to skip it
        if claimed > limit:
            raise _too_large(path, limit)
        if member.kind == "folder" or not parts or _is_junk(parts):
            continue
        places.take(parts, member.name)
        if claimed > free:
            raise DataError(_no_room(path, folder))
        _write(member, folder.joinpath(*parts))


def _write(member: Member, target: Path) -> None:
    """Counts what really comes out: the limits hold for the sizes that are claimed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with member.open() as source, target.open("xb") as file:
        while written <= member.num_bytes and (chunk := source.read(_CHUNK)):
            written += len(chunk)
            file.write(chunk)
    if written != member.num_bytes:
        raise EOFError(f"{member.name!a} is not as large as it claims")


class _Places:
    """Sees to it that every file has a place of its own, on any file system."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.taken: set[tuple[str, ...]] = set()
        self.parents: set[tuple[str, ...]] = set()

    def take(self, parts: tuple[str, ...], name: str) -> None:
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
    """The name as any file system takes it; long ones are cut and told apart by a hash."""
    if part.partition(".")[0].rstrip().lower() in _RESERVED:
        return f"_{part}"
    try:
        encoded = part.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a character, which is not text in any encoding
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
