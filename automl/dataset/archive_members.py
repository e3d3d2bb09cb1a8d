"""Read the entries of zip and tar files, one after the other, as `Member`."""

import bz2
import contextlib
import errno
import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal, cast

from automl.dataset import code_pages
from automl.errors import DataError
from automl.texts import mark

ArchiveType = Literal["zip", "tar"]

SUFFIXES: dict[ArchiveType, tuple[str, ...]] = {
    "zip": (".zip",),
    "tar": (".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz"),
}
"""Ends of file names, in lower case."""

BROKEN = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error, EOFError),
    *(RuntimeError, ValueError, ArithmeticError, LookupError),  # from parsing damaged bytes
)
"""Errors of the libraries on a damaged file, besides an OSError without a number."""

MAX_DIRECTORY_BYTES = 64 * 1000**2
"""Limit of the directory of a zip file: 200,000 entries with names of 200 letters."""

_CHUNK = 1 << 20
_END_BYTES = (1 << 16) + 98  # of a zip file: a comment, and the records before it
_HEADER_BYTES = 1 << 20
_COMPRESSIONS: dict[bytes, Callable[[IO[bytes]], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
}


@dataclass(frozen=True)
class Member:
    """One entry; it can be opened until the iterator moves to the next one."""

    name: str
    num_bytes: int
    """As the archive claims."""

    kind: Literal["file", "folder", "other"]
    """`other` is a link, a device and the like."""

    open: Callable[[], IO[bytes]]
    position: int
    """Bytes of the archive file before the content of this entry."""

    is_encrypted: bool = False


def kind_of_name(name: str) -> ArchiveType | None:
    """Kind of an archive by the end of its name; None if it is not named like one."""
    return next((kind for kind, ends in SUFFIXES.items() if name.lower().endswith(ends)), None)


def starts_like(head: bytes, kind: ArchiveType) -> bool:
    """True if the first bytes of a file are those of an archive of this kind."""
    if kind == "zip":
        return head.startswith((b"PK\3\4", b"PK\5\6"))
    return head.startswith(tuple(_COMPRESSIONS)) or head[257:262] == b"ustar"


def stem_and_suffix(name: str) -> tuple[str, str]:
    """Name of an archive without its ending, and that."""
    kind = kind_of_name(name)
    fitting = [end for end in SUFFIXES[kind] if name.lower().endswith(end)] if kind else [""]
    length = len(name) - max(map(len, fitting))
    return name[:length], name[length:]


@contextlib.contextmanager
def _open_zip(path: Path, code_page: str | None = None) -> Iterator[Iterator[Member]]:
    check_directory(path)
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        page = code_page or code_pages.guess(_raw_names(infos))
        yield (_zip_member(archive, info, page) for info in infos)


def names_of_unknown_code_page(path: Path) -> list[bytes]:
    """Names in a zip file that are not said to be UTF-8; none in another or a damaged file."""
    try:
        check_directory(path)
        with zipfile.ZipFile(path) as archive:
            return _raw_names(archive.infolist())
    except (*BROKEN, OSError, DataError):
        return []


def is_from_disk(error: BaseException) -> bool:
    """True for a failed read, False for damage.

    gzip and bz2 raise an OSError without a number. An offset in a damaged list of entries may be
    negative: seeking there is EINVAL.
    """
    return isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)


def check_directory(path: Path) -> None:
    """Refuse a zip file whose directory zipfile would read into gigabytes of memory.

    Raises:
        DataError: names the size and the limit.
        OSError: the file cannot be opened.
    """
    with path.open("rb") as file:
        check_directory_of(file, str(path))


def check_directory_of(file: BinaryIO, path: str) -> None:
    """Refuse the directory of an open file, see `check_directory`.

    Its size is in the end record, or in the zip64 record 76 bytes before that.
    """
    file.seek(max(file.seek(0, io.SEEK_END) - _END_BYTES, 0))
    end = file.read()
    file.seek(0)
    start = end.rfind(b"PK\x05\x06")  # without it zipfile says that the file is none
    num_bytes = int.from_bytes(end[start + 12 : start + 16], "little") if start >= 0 else 0
    zip64 = end[max(start - 76, 0) : max(start, 0)]
    if zip64.startswith(b"PK\x06\x06"):
        num_bytes = int.from_bytes(zip64[40:48], "little")
    if num_bytes > MAX_DIRECTORY_BYTES:
        raise DataError(
            f"{path} has a list of its entries of {num_bytes / 1000**2:,.0f} MB, and at most "
            f"{MAX_DIRECTORY_BYTES / 1000**2:,.0f} MB are read. Give a folder, or another archive."
        )


def _raw_names(infos: Sequence[zipfile.ZipInfo]) -> list[bytes]:
    return [_raw_name(info) for info in infos if not _says_utf8(info)]


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, page: str) -> Member:
    kind = stat.S_IFMT(info.external_attr >> 16)
    is_plain = kind in (0, stat.S_IFREG, stat.S_IFDIR)
    return Member(
        name=info.filename if _says_utf8(info) else _raw_name(info).decode(page, "replace"),
        num_bytes=info.file_size,
        kind="folder" if is_plain and info.is_dir() else "file" if is_plain else "other",
        open=lambda: archive.open(info),
        position=info.header_offset,
        is_encrypted=bool(info.flag_bits & 0x1),
    )


def _says_utf8(info: zipfile.ZipInfo) -> bool:
    return bool(info.flag_bits & 0x800)


def _raw_name(info: zipfile.ZipInfo) -> bytes:
    """The bytes of a name that is not said to be UTF-8."""
    try:
        return info.filename.encode("cp437")
    except UnicodeEncodeError:  # a field beside the name gave it in Unicode
        return info.filename.encode("utf-8")


@contextlib.contextmanager
def _open_tar(path: Path, code_page: str | None = None) -> Iterator[Iterator[Member]]:
    with path.open("rb") as file:
        start = file.read(6)
        file.seek(0)
        decompress = next(
            (c for magic, c in _COMPRESSIONS.items() if start.startswith(magic)), None
        )
        with contextlib.ExitStack() as stack:
            content = stack.enter_context(decompress(file)) if decompress else file
            yield _tar_members(_Forward(content), file.tell, code_page)


def _tar_members(
    stream: "_Forward", position: Callable[[], int], code_page: str | None
) -> Iterator[Member]:
    stream.allow(_HEADER_BYTES)
    with tarfile.open(
        fileobj=cast(IO[bytes], stream), mode="r:", encoding=code_page or "utf-8"
    ) as archive:
        while (info := archive.next()) is not None:
            if info.size < 0:
                raise tarfile.ReadError(mark("an entry claims a negative size"))
            stream.allow(info.size + _HEADER_BYTES)
            yield _tar_member(archive, info, position())
    if any(stream.last) or not stream.last:
        # tarfile takes a damaged header for the end: half the pictures would be missing
        raise EOFError(mark("it is cut off or damaged"))


def _tar_member(archive: tarfile.TarFile, info: tarfile.TarInfo, position: int) -> Member:
    def content() -> IO[bytes]:
        file = archive.extractfile(info)
        assert file is not None  # only files are opened
        return file

    return Member(
        name=info.name,
        num_bytes=info.size,
        kind="file" if info.isreg() else "folder" if info.isdir() else "other",
        open=content,
        position=position,
    )


class _Forward:
    """A stream that is read once, from front to back, and no further than is allowed.

    Without the limit tarfile would unpack a header that claims to be huge into memory.
    """

    def __init__(self, content: IO[bytes]) -> None:
        self.last = b""
        self._content = content
        self._position = 0
        self._end = 0

    def allow(self, num_bytes: int) -> None:
        """Allow this many bytes more, counted from the current position."""
        self._end = self._position + num_bytes

    def tell(self) -> int:
        return self._position

    def seek(self, position: int) -> None:
        while position > self._position and self.read(min(_CHUNK, position - self._position)):
            pass

    def read(self, size: int) -> bytes:
        if self._position + size > self._end:
            raise tarfile.ReadError(mark("a header claims more than there can be"))
        self.last = self._content.read(size)
        self._position += len(self.last)
        return self.last


OPEN: dict[ArchiveType, Callable[..., AbstractContextManager[Iterator[Member]]]] = {
    "zip": _open_zip,
    "tar": _open_tar,
}
"""Called with a path, and the code page of names that are not said to be UTF-8, if it is known."""
