"""Zip files of strangers, extracted without trusting a word of what they say about themselves."""

import contextlib
import errno
import hashlib
import shutil
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from lzma import LZMAError
from pathlib import Path, PurePosixPath

from filelock import FileLock

from automl import home
from automl.dataset.errors import DataError

MAX_BYTES = 20 * 1000**3
MAX_FILES = 200_000
MAX_RATIO = 200
SMALL_BYTES = 50 * 1000**2
"""Below this many bytes the ratio does not matter."""

_CHUNK = 1 << 20
_MAX_NAME_BYTES = 200
_RESERVED = {"con", "prn", "aux", "nul", *(f"{p}{n}" for p in ("com", "lpt") for n in range(1, 10))}
_BROKEN = (zipfile.BadZipFile, zlib.error, LZMAError, EOFError, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class _Member:
    info: zipfile.ZipInfo
    parts: tuple[str, ...]


def extract_zip(path: Path, *, max_bytes: int = MAX_BYTES) -> Path:
    """Folder with the content, shared by all zip files of the same bytes; whole or not there."""
    with path.open("rb") as file:
        key = hashlib.file_digest(file, "sha256").hexdigest()
    target = home.cache_dir("archives") / key
    if target.is_dir():
        return target
    with FileLock(home.cache_dir("locks") / f"archive-{key}.lock"):
        if not target.is_dir():
            _extract_whole(path, target, max_bytes)
    return target


def _extract_whole(path: Path, target: Path, max_bytes: int) -> None:
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # of a process that was killed
    try:
        with zipfile.ZipFile(path) as archive:
            members = list(_checked(archive, path))
            _check_room(members, target.parent, max_bytes, path)
            partial.mkdir(mode=0o700)
            _write_all(archive, members, partial, _byte_limit(path, max_bytes))
        partial.rename(target)
    except _BROKEN as error:
        raise DataError(
            f"{path} is not a zip file that can be read ({error}). Make the zip file again."
        ) from error
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise DataError(_no_room(path, target.parent)) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _checked(archive: zipfile.ZipFile, path: Path) -> Iterator[_Member]:
    """The files to write, each at a place of its own below the target."""
    entries = archive.infolist()
    if len(entries) > MAX_FILES:
        raise _refusal(path, f"has {len(entries):,} entries; at most {MAX_FILES:,} are allowed")
    taken: set[tuple[str, ...]] = set()
    parents: set[tuple[str, ...]] = set()
    for info in entries:
        parts = _safe_parts(info, path)
        if info.is_dir() or not parts or _is_junk(parts):
            continue
        folded = tuple(unicodedata.normalize("NFC", part).casefold() for part in parts)
        above = {folded[:end] for end in range(1, len(folded))}
        if folded in taken or folded in parents or above & taken:
            raise _refusal(path, f"has two entries called {info.filename!a}")
        taken.add(folded)
        parents |= above
        yield _Member(info, parts)


def _safe_parts(info: zipfile.ZipInfo, path: Path) -> tuple[str, ...]:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refusal(path, f"has a link or device in it, {info.filename!a}")
    if info.flag_bits & 0x1:
        raise _refusal(path, "is protected by a password")
    name = _name(info).replace("\\", "/")
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or (parts and parts[0][1:2] == ":"):
        raise _refusal(path, f"has an entry that leads out of it, {info.filename!a}")
    return tuple(_writable(part) for part in parts)


def _name(info: zipfile.ZipInfo) -> str:
    """The entry's name; many programs write UTF-8 without saying so, which reads as cp437."""
    if not info.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            return info.filename.encode("cp437").decode("utf-8")
    return info.filename


def _writable(part: str) -> str:
    """The name as any file system takes it; long ones are cut and told apart by a hash."""
    if part.partition(".")[0].rstrip().lower() in _RESERVED:
        return f"_{part}"
    encoded = part.encode("utf-8", "surrogateescape")
    if len(encoded) <= _MAX_NAME_BYTES:
        return part
    start = encoded[:100].decode("utf-8", "ignore")
    return start + hashlib.sha256(encoded).hexdigest()[:16] + Path(part).suffix[:10]


def _is_junk(parts: tuple[str, ...]) -> bool:
    return parts[0] == "__MACOSX" or any(part.startswith(".") for part in parts)


def _check_room(members: list[_Member], folder: Path, max_bytes: int, path: Path) -> None:
    claimed = sum(member.info.file_size for member in members)
    if claimed > _byte_limit(path, max_bytes):
        raise _too_large(path, _byte_limit(path, max_bytes))
    if claimed > shutil.disk_usage(folder).free:
        raise DataError(_no_room(path, folder))


def _byte_limit(path: Path, max_bytes: int) -> int:
    return min(max_bytes, max(SMALL_BYTES, MAX_RATIO * path.stat().st_size))


def _write_all(archive: zipfile.ZipFile, members: list[_Member], folder: Path, limit: int) -> None:
    """Counts what is really written: sizes in a zip file can lie."""
    written = 0
    for member in members:
        target = folder.joinpath(*member.parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(member.info) as source, target.open("xb") as file:
            while chunk := source.read(_CHUNK):
                written += len(chunk)
                if written > limit:
                    raise _too_large(Path(str(archive.filename)), limit)
                file.write(chunk)


def _too_large(path: Path, limit: int) -> DataError:
    return _refusal(path, f"would unpack to more than {limit / 1000**2:,.0f} MB")


def _refusal(path: Path, what: str) -> DataError:
    return DataError(f"{path} {what}, so it is not unpacked. Give a folder, or another zip file.")


def _no_room(path: Path, folder: Path) -> str:
    free = shutil.disk_usage(folder).free / 1000**2
    return f"{path} does not fit on the disk of {folder}: {free:,.0f} MB are free. Make room there."
