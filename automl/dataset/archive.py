"""Extract untrusted archives; never rely on the names or sizes they declare."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from automl.dataset import cache_entries, file_kinds
from automl.dataset.archive_entry_names import EntryNames, refusal, safe_parts
from automl.dataset.archive_members import (
    BROKEN,
    OPEN,
    ArchiveType,
    Member,
    is_from_disk,
    starts_like,
)
from automl.dataset.walk import is_hidden
from automl.errors import DataError, is_full_disk
from automl.host import home
from automl.texts import mark

MAX_BYTES = 20 * 1000**3
MAX_FILES = 200_000
MAX_RATIO = 200
MAX_DEPTH = 3
"""Archives inside of archives inside of archives; what is deeper is refused."""

SMALL_BYTES = 50 * 1000**2
"""Below this many bytes the ratio does not matter."""

Progress = Callable[[int, int], None]

_VERSION = 4  # raise it when the same archive would be extracted to other files
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Part:
    """An archive, and where its content goes."""

    path: Path
    kind: ArchiveType
    folder: tuple[str, ...] = ()
    """Folder in the extracted whole."""

    left_off: str = ""
    """Folder at the top of the archive that is left off, for example cat in `cat.zip`."""

    code_page: str | None = None
    """Code page of names that are not marked as UTF-8; guessed if left out."""

    shown: Path | None = None
    """Path to show, of an archive inside of another one."""

    @property
    def name(self) -> Path:
        """Path to show."""
        return self.shown or self.path


Find = Callable[[Path], Sequence[Part]]
"""The archives to extract in a folder; their places are relative to it."""


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
    whole = _Whole([Part(path, kind)], max_bytes=max_bytes)
    return _extracted(f"{kind}-{_VERSION}-{_digest(path)}", whole, progress)


def extract_together(
    parts: Sequence[Part],
    files: Sequence[tuple[Path, tuple[str, ...]]] = (),
    *,
    find_inner: Find,
    progress: Progress | None = None,
) -> Path:
    """Extract archives into one folder of the cache, and those inside of them, see `extract`.

    The limits hold for everything together; archives inside of archives are extracted once, and
    not kept.

    Args:
        parts: the archives.
        files: files that are copied to a place in the folder, where no archive has one.
        find_inner: finds the archives in the extracted content that are extracted in turn.
        progress: see `extract`.

    Raises:
        DataError: see `extract`; or two archives have different files in one place.
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(repr((part.kind, part.folder, part.left_off, _digest(part.path))).encode())
        digest.update((part.code_page or "").encode())
    for path, place in files:
        digest.update(repr((place, _digest(path))).encode())
    whole = _Whole(parts, files, find_inner=find_inner)
    return _extracted(f"parts-{_VERSION}-{digest.hexdigest()}", whole, progress)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _extracted(key: str, whole: "_Whole", progress: Progress | None) -> Path:
    folder = home.cache_dir("archives")
    target = folder / key

    def tell(percent: int = 0) -> None:
        if progress:
            progress(percent, 100)

    with cache_entries.held(folder), cache_entries.locked(f"archive-{key}", while_waiting=tell):
        if target.is_dir():
            os.utime(target)  # recent, so that clearing the cache keeps it for its next reader
            return target
        partial = target.with_name(f".{target.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)  # of a process that was killed
        try:
            whole.write_to(partial, tell)
            partial.rename(target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return target


class _Whole:
    """Archives that are extracted into one folder, under limits for all of them."""

    def __init__(
        self,
        parts: Sequence[Part],
        files: Sequence[tuple[Path, tuple[str, ...]]] = (),
        *,
        find_inner: Find | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.parts, self.files, self.find_inner = parts, files, find_inner
        self.num_packed = sum(part.path.stat().st_size for part in parts)
        self.limit = min(max_bytes, max(SMALL_BYTES, MAX_RATIO * self.num_packed))
        self.names = EntryNames()
        self.num_entries = 0
        self.num_bytes = 0
        self.num_free = 0

    def write_to(self, folder: Path, tell: Callable[[int], None]) -> None:
        """Write everything into a new folder."""
        self.num_free = shutil.disk_usage(folder.parent).free
        before = 0
        for part in self.parts:
            for member in _reported(self._written(part, folder), part, folder):
                tell(100 * (before + member.position) // max(1, self.num_packed))
            before += part.path.stat().st_size
        for path, place in self.files:
            target = folder.joinpath(*place)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
        if self.find_inner is not None:
            self._write_inner(folder, self.find_inner, tell)

    def _write_inner(self, folder: Path, find: Find, tell: Callable[[int], None]) -> None:
        """Extract the archives in the content of archives in turn, and remove them."""
        places = {part.folder for part in self.parts}
        for depth in range(MAX_DEPTH + 1):
            inner = [
                replace(part, folder=(*place, *part.folder), shown=self._shown(part.path, folder))
                for place in _outermost(places)
                if folder.joinpath(*place).is_dir()
                for part in find(folder.joinpath(*place))
            ]
            if not inner:
                return
            if depth == MAX_DEPTH:
                raise refusal(mark(f"{inner[0].name} lies in archives within archives, too deep"))
            for part in inner:
                for _ in _reported(self._written(part, folder), part, folder):
                    tell(99)
                part.path.unlink()
            places = {part.folder for part in inner}

    def _shown(self, path: Path, folder: Path) -> Path:
        """Place of an inner archive to show; nobody knows the folder that it was extracted to."""
        first = self.parts[0].path
        root = first if len(self.parts) == 1 else first.parent
        return root / path.relative_to(folder)

    def _written(self, part: Part, folder: Path) -> Iterator[Member]:
        """Write the files of an archive in one pass: a tar is only read from front to back."""
        with OPEN[part.kind](part.path, part.code_page) as members:
            folder.mkdir(mode=0o700, exist_ok=True)
            for member in members:
                self.num_entries += 1
                if self.num_entries > MAX_FILES:
                    raise refusal(mark(f"{part.name} has more than {MAX_FILES:,} entries"))
                parts = safe_parts(member, part.name)
                # skipped entries count too: to skip them, a tar unpacks them
                self.num_bytes += member.num_bytes
                if self.num_bytes > self.limit:
                    raise _too_large(part.name, self.limit)
                if member.kind == "folder" or not parts or is_hidden("/".join(parts)):
                    continue
                if self.num_bytes > self.num_free:
                    raise DataError(_no_room(part.name, folder))
                if part.left_off and parts[0] == part.left_off and len(parts) > 1:
                    parts = parts[1:]
                placed = (*part.folder, *parts)
                if self.names.add(placed, member.name, part.path, part.name):
                    _write(member, folder.joinpath(*placed))
                else:
                    _check_equal(member, folder.joinpath(*placed), part)
                yield member


def _outermost(places: set[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The folders that lie in none of the others."""
    above = {place: {place[:end] for end in range(len(place))} for place in places}
    return sorted(place for place in places if not above[place] & places)


def _reported(members: Iterator[Member], part: Part, folder: Path) -> Iterator[Member]:
    """Yield what is yielded; whatever the libraries raise becomes a DataError.

    As a generator, it does not see errors of the caller's loop, which are no fault of the archive.
    """
    try:
        yield from members
    except DataError:
        raise
    except OSError as error:
        if is_full_disk(error):
            raise DataError(_no_room(part.name, folder.parent)) from error
        if is_from_disk(error):
            raise
        raise _broken(part, error) from error
    except BROKEN as error:
        raise _broken(part, error) from error


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
        raise EOFError(mark(f"{member.name!a} is not as large as it claims"))


def _check_equal(member: Member, written: Path, part: Part) -> None:
    """Refuse a file that another archive has in the same place with another content."""
    if not written.exists():
        raise DataError(
            f"{part.name} has {member.name!a}, which another archive has in a folder or under a "
            "name that differs in case only. Rename one of the two."
        )
    is_same = written.is_file() and written.stat().st_size == member.num_bytes
    with member.open() as source, written.open("rb") as file:
        while is_same and (chunk := file.read(_CHUNK)):
            is_same = source.read(len(chunk)) == chunk
    if not is_same:
        raise DataError(
            f"{part.name} has {member.name!a}, of which another archive has a different version, "
            "so they are not parts of one whole. Set parts to alone, or unpack them yourself."
        )


def _broken(part: Part, error: Exception) -> DataError:
    reason = str(error).encode("utf-8", "replace").decode() or type(error).__name__
    if kind := _other_kind(part):
        return DataError(f"{part.name} is not a {part.kind} file that can be read. {kind}")
    if isinstance(error, NotImplementedError):  # such as Deflate64, of Windows for large files
        return refusal(mark(f"{part.name} uses a compression that is not read ({reason})"))
    return DataError(
        f"{part.name} is not a {part.kind} file that can be read ({reason}). It may be cut off or "
        "damaged: download it, or make it, again."
    )


def _other_kind(part: Part) -> file_kinds.Kind | None:
    """Kind of the file in place of an archive; None if it starts like an archive of its kind."""
    if part.kind == "zip" and part.path.with_suffix(".z01").exists():
        return file_kinds.kind_of(part.path.with_suffix(".z01"))
    with part.path.open("rb") as file:
        head = file.read(file_kinds.HEAD_BYTES)
    if starts_like(head, part.kind):
        return None
    return file_kinds.in_place_of_a_file(head, part.path.stat().st_size)


def _too_large(path: Path, limit: int) -> DataError:
    return refusal(mark(f"{path} would unpack to more than {limit / 1000**2:,.0f} MB"))


def _no_room(path: Path, folder: Path) -> str:
    free = shutil.disk_usage(folder).free / 1000**2
    return mark(
        f"{path} does not fit on the disk of {folder}: {free:,.0f} MB are free. Make room there."
    )
