"""Files that are not read, named by their first bytes or their names, each with a way out."""

import html
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from automl.dataset.archive_members import kind_of_name
from automl.dataset.folder_tree import Parts
from automl.texts import mark

HEAD_BYTES = 4096


@dataclass(frozen=True)
class Kind:
    """A kind of file that is not read."""

    what: str
    """With its article: `a 7z archive`."""

    way_out: str
    """A sentence."""

    is_worth_a_word: bool = True
    """True if it is named beside pictures, as it may well hold more of them, or labels."""

    is_substitute: bool = False
    """True if it was saved in place of the file that its name promises."""

    def __str__(self) -> str:
        return mark(f"It is {self.what}. {self.way_out}")


_UNPACK = mark("Unpack it, and give the folder.")
_WRITE = mark(
    "Write the pictures to a folder for each class, or to a Parquet file or WebDataset shards."
)
_AGAIN = mark("Download it again.")
_EMPTY = Kind(mark("an empty file"), mark("Download or save it again."), is_worth_a_word=False)
_PIECES = mark("Unpack all pieces together, for example with 7-Zip, and give the folder.")
_NOT_HERE = mark(f"It cannot be read here. {_WRITE}")
_FRAMES = mark("Save its frames as pictures.")
_SIGNED_IN = mark("Sign in there, and download the file itself.")
_RENAME = mark("Give its name the ending {ending}.")
_AS_PNG = mark("Save it as PNG or JPEG.")
_ARRAYS = mark("Save pictures and labels with np.savez.")
_ARRAYS_TOGETHER = mark(
    "Save the pictures and their labels in one file: np.savez with images and labels."
)

_ZIP = Kind(mark("a zip archive"), _RENAME.format(ending=".zip"))
_TAR = Kind(mark("a tar archive"), _RENAME.format(ending=".tar"))


def _other(what: str, way_out: str) -> Kind:
    return Kind(what, way_out, is_worth_a_word=False)


def _misnamed(ending: str) -> Kind:
    return Kind(mark("a picture whose name does not say so"), _RENAME.format(ending=ending))


_STARTS: tuple[tuple[bytes, int, Kind], ...] = (
    (b"7z\xbc\xaf\x27\x1c", 0, Kind(mark("a 7z archive"), _UNPACK)),
    (b"Rar!\x1a\x07", 0, Kind(mark("a RAR archive"), _UNPACK)),
    (b"\x28\xb5\x2f\xfd", 0, Kind(mark("compressed with Zstandard"), _UNPACK)),
    (b"\x04\x22\x4d\x18", 0, Kind(mark("compressed with LZ4"), _UNPACK)),
    (b"\xfd7zXZ\0", 0, Kind(mark("compressed with xz"), _UNPACK)),
    (b"BZh", 0, Kind(mark("compressed with bzip2"), _UNPACK)),
    (b"\x1f\x8b", 0, Kind(mark("compressed with gzip"), _UNPACK)),
    (b"PK\x07\x08", 0, Kind(mark("a piece of a zip file"), _PIECES)),
    (
        b"MATLAB ",
        0,
        Kind(
            mark("a MATLAB file"), mark("Save the labels in it as CSV, or pictures with np.savez.")
        ),
    ),
    (b"\x89HDF\r\n\x1a\n", 0, Kind(mark("an HDF5 file"), _NOT_HERE)),
    (b"\x89HDF\r\n\x1a\n", 512, Kind(mark("an HDF5 file"), _NOT_HERE)),
    (b"\xde\xc0\xef\xbe", 16, Kind(mark("an LMDB database"), _NOT_HERE)),
    (b"\x0a\x23\xd7\xce", 0, Kind(mark("a RecordIO file of MXNet"), _NOT_HERE)),
    (b"\x93NUMPY", 0, _other(mark("an array of numpy"), _ARRAYS)),
    (b"SQLite format 3\0", 0, _other(mark("an SQLite database"), _NOT_HERE)),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        0,
        _other(mark("an old Office file"), mark("Save it as .xlsx or CSV.")),
    ),
    (b"%PDF", 0, _other(mark("a PDF"), mark("Save its pages as pictures."))),
    (b"\x1aE\xdf\xa3", 0, _other(mark("a video"), _FRAMES)),
    (b"ftyp", 4, _other(mark("a video"), _FRAMES)),
    (b"AVI ", 8, _other(mark("a video"), _FRAMES)),
    (b"\0\0\0\x0cjP  \r\n\x87\n", 0, Kind(mark("a JPEG 2000 picture"), _AS_PNG)),
    (b"\0\0\0\x0cJXL \r\n\x87\n", 0, Kind(mark("a JPEG XL picture"), _AS_PNG)),
    (b"\xff\x0a", 0, Kind(mark("a JPEG XL picture"), _AS_PNG)),
    (
        b"\x76\x2f\x31\x01",
        0,
        Kind(mark("an OpenEXR picture"), mark("Save it as TIFF of floating point.")),
    ),
    (
        b"n+1\0",
        344,
        Kind(mark("a NIfTI volume"), mark("Save its slices as pictures, for example as TIFF.")),
    ),
    (b"8BPS", 0, _other(mark("a Photoshop file"), _AS_PNG)),
    (b"ustar", 257, _TAR),
    (b"\xff\xd8\xff", 0, _misnamed(".jpg")),
    (b"\x89PNG\r\n", 0, _misnamed(".png")),
    (b"PAR1", 0, Kind(mark("a Parquet file"), _RENAME.format(ending=".parquet"))),
    (b"ARROW1", 0, Kind(mark("an Arrow file"), mark("Write it as Parquet."))),
    (
        b"version https://git-lfs.github.com/spec/",
        0,
        Kind(
            mark("a pointer of Git LFS in place of the file"),
            mark("Run git lfs pull in its repository."),
            is_substitute=True,
        ),
    ),
)
"""First bytes, where they are, and the kind."""

_ZIPPED: dict[str, Kind] = {
    ".npz": Kind(mark("arrays of numpy"), _ARRAYS_TOGETHER),
    **dict.fromkeys(
        (".xlsx", ".xlsm", ".xltx", ".ods"), _other(mark("a workbook"), mark("Save it as CSV."))
    ),
    **dict.fromkeys(
        (".docx", ".pptx", ".odt", ".odp", ".epub", ".pages", ".key", ".numbers"),
        _other(mark("a document"), mark("Save its pictures as files.")),
    ),
    **dict.fromkeys(
        (".pt", ".pth", ".ckpt", ".keras", ".mar", ".mlmodel", ".mlpackage", ".tm"),
        _other(mark("a model or a project"), mark("Give the pictures that it was trained on.")),
    ),
}
"""Files that are zip archives inside, by the ending of their names."""

_RAW = re.compile(r"\.(?:nef|nrw|cr2|cr3|arw|dng|orf|rw2|raf|pef|srw|x3f)$", re.IGNORECASE)
_MNIST_GZ = re.compile(r"idx[1-4]-ubyte\.gz$", re.IGNORECASE)
_CIFAR = re.compile(r"(?:^|_)(?:batch(?:_\d+)?|train|test)\.bin$", re.IGNORECASE)
_CIFAR_BYTES = (3073, 3074)
_PIECE = re.compile(
    r"\.(?:zip|7z|rar|tar|tgz|gz)\.\d{2,4}$|\.z\d{2}$|\.r\d{2}$|\.part\d+\.rar$", re.I
)
_UNFINISHED = re.compile(
    r"\.(?:crdownload|part|partial|download|opdownload|filepart|tmp|!ut|aria2)$", re.I
)
_TITLE = re.compile(r"<title[^>]*>([^<]{1,200})", re.IGNORECASE)
_MAX_SHOWN = 80
_MAX_ENDINGS = 30
_MAX_SENTENCES = 5
_MEANT_AS_TEXT = (".html", ".htm", ".json", ".txt", ".md", ".csv")


def kind_of(path: Path) -> Kind | None:
    """Kind of a file that is not read; None if it is of no such kind, or cannot be opened.

    A pipe or a device is not opened: it might never answer.
    """
    if _PIECE.search(path.name):
        return Kind(mark("a piece of an archive that was cut into several files"), _PIECES)
    if _UNFINISHED.search(path.name):
        return Kind(
            mark("a download that is not complete"), mark("Let it finish, or download it again.")
        )
    if _RAW.search(path.name):
        return Kind(
            mark("a raw picture of a camera"), mark("Develop it, and save it as TIFF, PNG or JPEG.")
        )
    if _MNIST_GZ.search(path.name):
        return Kind(mark("a compressed array in the format of MNIST"), _ARRAYS)
    try:
        if not path.is_file():
            return None
        if _CIFAR.search(path.name) and _is_of_rows(path.stat().st_size):
            return Kind(mark("an array in the binary format of CIFAR"), _ARRAYS)
        with path.open("rb") as file:
            return kind_of_bytes(file.read(HEAD_BYTES), path.stat().st_size)
    except OSError:
        return None


def _is_of_rows(num_bytes: int) -> bool:
    """True for a whole number of pictures with one label, or two."""
    return num_bytes > 0 and any(num_bytes % row == 0 for row in _CIFAR_BYTES)


def kind_of_bytes(head: bytes, num_bytes: int) -> Kind | None:
    """Kind of a file by its first bytes.

    Args:
        head: at most `HEAD_BYTES`.
        num_bytes: of the whole file.
    """
    if not head:
        return _EMPTY
    for start, place, kind in _STARTS:
        if head[place : place + len(start)] == start:
            return kind
    found = (look(head, num_bytes) for look in _LOOKS)
    return next(filter(None, found), None)


def in_place_of_a_file(head: bytes, num_bytes: int, *, quotes: bool = True) -> Kind | None:
    """Kind of what stands where a picture or an archive should; any text counts.

    Args:
        head: the first bytes.
        num_bytes: of the whole file.
        quotes: show the start of a text.
    """
    kind = kind_of_bytes(head, num_bytes)
    if kind is None and b"\0" not in head and _decoded(head) is not None:
        shown = f" ({_first_line(head)!a})" if quotes else ""
        return Kind(mark(f"text{shown} in place of the file"), _AGAIN, False, is_substitute=True)
    return kind


def unread(root: Path, files: Iterable[Parts], *, instead: bool = False) -> list[str]:
    """Sentences about files below a folder that may hold pictures or labels, and are not read.

    Only the first file of each ending is opened, and only its first bytes are read.

    Args:
        root: the folder.
        files: those that are not named like pictures.
        instead: True if the folder has nothing else, so that every kind is worth a word.
    """
    by_ending: dict[str, list[Parts]] = defaultdict(list)
    for parts in sorted(files):
        by_ending[re.sub(r"\d+", "#", PurePath(parts[-1]).suffix.lower())].append(parts)
    found = []
    for alike in list(by_ending.values())[:_MAX_ENDINGS]:
        first = PurePath(*alike[0])
        kind = kind_of(root / first)
        if kind is _ZIP:
            kind = _ZIPPED.get(first.suffix.lower(), _ZIP)
        if kind_of_name(first.name) and kind in (None, _ZIP, _TAR):
            kind = Kind(mark("an archive beside pictures, which stays packed"), _UNPACK)
        if kind is None or first.suffix.lower() in _MEANT_AS_TEXT:
            continue
        if kind.is_worth_a_word or instead:
            name, num_more = first.as_posix(), len(alike) - 1
            more = mark(f"{name} ({num_more:,} more of its kind): {kind}")
            found.append((not kind.is_worth_a_word, more if num_more else f"{name}: {kind}"))
    return [sentence for _, sentence in sorted(found)[:_MAX_SENTENCES]]


def _first_line(head: bytes) -> str:
    """Start of the first line of a text, for people to see."""
    lines = (_decoded(head) or "").strip().splitlines()
    return "".join(c for c in lines[0] if c.isprintable())[:_MAX_SHOWN] if lines else ""


def _decoded(head: bytes) -> str | None:
    for cut in range(4):  # a character of UTF-8 may be cut off at the end
        try:
            return head[: len(head) - cut].decode("utf-8-sig")
        except UnicodeDecodeError:
            continue
    return None


def _substitute(what: str, way_out: str) -> Kind:
    return Kind(mark(f"{what} in place of the file"), way_out, False, is_substitute=True)


def _web_page(head: bytes, _: int) -> Kind | None:
    text = head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if re.match(r"(?:<!--.*?-->\s*)?<(?:!doctype html|html|head)\b", text, re.IGNORECASE | re.S):
        title = _TITLE.search(text)
        shown = f" ({_first_line(html.unescape(title[1]).encode())!a})" if title else ""
        return _substitute(mark(f"a web page{shown}"), _SIGNED_IN)
    if re.match(r"(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?(?:<!DOCTYPE svg[^>]*>\s*)?<svg\b", text):
        return Kind(mark("an SVG drawing"), mark("Save it as PNG."))
    if text.startswith("<?xml") and (code := re.search(r"<Code>(\w{1,60})</Code>", text)):
        return _substitute(mark(f"an answer of a server ({code[1]})"), _AGAIN)
    return None


def _message(head: bytes, num_bytes: int) -> Kind | None:
    """An error in JSON."""
    if not head.lstrip().startswith(b"{") or num_bytes > HEAD_BYTES:
        return None
    try:
        content = json.loads(head)
    except (ValueError, RecursionError):
        return None
    names = ("error", "errors", "message", "detail", "error_description", "error_summary")
    found = next((content[name] for name in names if name in content), None)
    if found is None:
        return None
    shown = _first_line(_message_text(found).encode())
    return _substitute(mark(f"an answer of a server ({shown!a})"), _AGAIN)


def _message_text(value: Any) -> str:
    if isinstance(value, dict) and "message" in value:
        value = value["message"]
    return value if isinstance(value, str) else json.dumps(value)


def _tfrecord(head: bytes, num_bytes: int) -> Kind | None:
    """A length of 8 bytes and its masked checksum: the framing of TensorFlow's records."""
    length = int.from_bytes(head[:8], "little")
    masked = int.from_bytes(head[8:12], "little")
    if len(head) < 12 or length + 16 > num_bytes or masked != _masked_crc32c(head[:8]):
        return None
    return Kind(mark("a TFRecord file"), mark(f"It cannot be read without TensorFlow. {_WRITE}"))


def _masked_crc32c(content: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _pickle(head: bytes, _: int) -> Kind | None:
    is_binary = head[:1] == b"\x80" and head[1:2] in (b"\2", b"\3", b"\4", b"\5")
    is_text = bool(re.match(rb"\(dp\d+\n|\(lp\d+\n|\(dS'", head))
    if not is_binary and not is_text:
        return None
    return _other(
        mark("a pickle of Python"),
        mark(
            "It is not opened, as it could run any program. Load it yourself, and save the arrays "
            "of pictures and labels with np.savez."
        ),
    )


def _torch(head: bytes, _: int) -> Kind | None:
    if head[:4] != b"PK\3\4" or b"/data.pkl" not in head[:200]:
        return None
    return _other(
        mark("a file of PyTorch"), mark("Save the arrays of pictures and labels with np.savez.")
    )


def _zip(head: bytes, _: int) -> Kind | None:
    return _ZIP if head[:4] == b"PK\3\4" else None


def _idx(head: bytes, num_bytes: int) -> Kind | None:
    """An array as MNIST has it: its type, number of dimensions and sides."""
    count = head[3] if len(head) > 4 else 0
    if head[:3] != b"\0\0\x08" or not 1 <= count <= 4:
        return None
    size = 1
    for at in range(4, 4 + 4 * count, 4):
        size *= int.from_bytes(head[at : at + 4], "big")
    if size + 4 + 4 * count != num_bytes:
        return None
    return Kind(mark("an array in the format of MNIST"), _ARRAYS)


_LOOKS: tuple[Callable[[bytes, int], Kind | None], ...] = (
    *(_web_page, _message, _tfrecord, _pickle, _torch, _zip, _idx),
)
