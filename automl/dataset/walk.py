"""List the pictures below a folder by their names, and what was passed over."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from automl.dataset import dicom
from automl.dataset.folder_tree import Parts

# HEIC is listed so that it is reported as unreadable instead of passed over silently
_SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".bmp", ".dib"),
    *(".gif", ".tif", ".tiff", ".avif", ".heic", ".heif", ".ppm", ".pgm", ".pbm", ".pnm"),
    *(".dcm", ".dicom"),
)
_OF_SYSTEMS = frozenset(
    {"__MACOSX", "$RECYCLE.BIN", "System Volume Information", "lost+found"}
    | {"@eaDir", "#recycle", "@Recycle", "@Recently-Snapshot", "#snapshot"}
)
"""Folders of systems and network drives: deleted files, thumbnails, older versions."""

_SORTED_AT_ONCE = 10_000
_FIRST_BYTES = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"RIFF", b"BM", b"II*\0", b"MM\0*")


@dataclass
class Tree:
    """Relative paths; hidden files and folders are left out of everything."""

    pictures: list[Parts] = field(default_factory=list)
    folders: list[Parts] = field(default_factory=list)
    links: list[Parts] = field(default_factory=list)
    """Links to folders, to nowhere or out of the root; none is followed."""

    unnameable: list[Parts] = field(default_factory=list)
    """Names that are not text, with other bytes replaced; no table could store such a name."""

    other_files: list[Parts] = field(default_factory=list)
    left_out: list[Parts] = field(default_factory=list)
    """Pictures that are no pictures of a class, see `annotation_pictures`."""


def walk(root: Path) -> Tree:
    """List everything below a folder, without following links out of it."""
    tree = Tree()
    real_root = root.resolve()
    waiting: list[Parts] = [()]
    while waiting:
        folder = waiting.pop()
        tree.folders.append(folder)
        for entry in _visible(root.joinpath(*folder)):
            parts = (*folder, entry.name)
            if not is_text(entry.name):
                tree.unnameable.append(
                    (*folder, os.fsencode(entry.name).decode("ascii", "replace"))
                )
            elif entry.is_symlink() and not _stays_inside(Path(entry.path), real_root):
                tree.links.append(parts)
            elif entry.is_dir():
                waiting.append(parts)
            elif _is_picture(entry):
                tree.pictures.append(parts)
            else:
                tree.other_files.append(parts)
    return tree


def pictures_at(path: Path) -> Iterator[Path]:
    """The pictures below a folder, or the path itself if it is a file of any kind."""
    return pictures_below(path) if path.is_dir() else iter([path])


def pictures_below(root: Path) -> Iterator[Path]:
    """Yield the pictures that `walk` lists, in memory that does not grow with their number.

    Names that are not text are among them. They come by name, but a folder of more than 10,000
    entries is sorted in parts.
    """
    real_root = root.resolve()
    waiting = [root]
    while waiting:
        folders: list[Path] = []
        entries = _visible(waiting.pop())
        while part := sorted(islice(entries, _SORTED_AT_ONCE), key=lambda entry: entry.name):
            for entry in part:
                path = Path(entry.path)
                if entry.is_symlink() and not _stays_inside(path, real_root):
                    continue
                if entry.is_dir():
                    folders.append(path)
                elif _is_picture(entry):
                    yield path
        waiting += reversed(folders)


def is_picture_name(name: str) -> bool:
    """True if an archive's entry is named like a picture, and is not hidden."""
    return not is_hidden(name) and has_picture_suffix(name)


def has_picture_suffix(name: str) -> bool:
    """True for the ending of a picture; `name` is no hidden one, which may be nothing but it."""
    return name.lower().endswith(_SUFFIXES)


def is_hidden(name: str) -> bool:
    """True if an archive's entry, or a folder above it, is one that systems hide."""
    parts = Path(name.replace("\\", "/")).parts
    return any(part.startswith(".") or part in _OF_SYSTEMS for part in parts)


def _visible(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and entry.name not in _OF_SYSTEMS:
                yield entry


def is_text(name: str) -> bool:
    """False for a name with bytes that are no text, which no table can hold."""
    return name.isascii() or not any("\ud800" <= character <= "\udfff" for character in name)


def _stays_inside(link: Path, real_root: Path) -> bool:
    """True for links to files inside; linked folders could be counted twice, or endlessly."""
    target = Path(os.path.realpath(link))
    return target.is_file() and target.is_relative_to(real_root)


def _is_picture(entry: os.DirEntry[str]) -> bool:
    if not entry.is_file():
        return False
    if has_picture_suffix(entry.name):
        return True
    return not Path(entry.name).suffix and _starts_like_picture(Path(entry.path))


def _starts_like_picture(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(132)
    return start.startswith(_FIRST_BYTES) or dicom.is_dicom(start)
