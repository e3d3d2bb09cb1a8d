"""Pictures named as files, folders of them, zip and tar files, tables; and their predictions."""

import io
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from automl.dataset import contained, walk
from automl.dataset.archive_members import (
    BROKEN,
    OPEN,
    ArchiveType,
    Member,
    is_from_disk,
    kind_of_name,
)
from automl.errors import DataError, PredictionError
from automl.prediction.inference import Answer, Failure, Picture, Predictor
from automl.texts import mark

MAX_MEMBER_BYTES = 50_000_000
_LISTS = (".csv", ".tsv", ".txt", ".xlsx", ".json", ".jsonl", ".ndjson")
IS_LIST = mark(
    "It is a list, which is not read here. Name the pictures themselves or their folder, or a "
    "Parquet, Arrow or npz file that holds them."
)
_DAMAGED = (*BROKEN, OSError, MemoryError)
"""Errors that the zip and tar libraries raise on a damaged or hostile file.

`BROKEN`, an OSError (see `is_from_disk`), and a MemoryError where the header of an LZMA stream
claims a dictionary larger than the memory.
"""


@dataclass(frozen=True)
class FoundPicture:
    """A picture, or the reason why it cannot be read."""

    name: str
    """The name it is reported by: its path, or ARCHIVE/NAME for a member of an archive."""

    picture: Picture | Failure


def find(paths: Iterable[Path]) -> Iterator[FoundPicture]:
    """Yield the pictures of files, folders, archives and tables in this order.

    The memory does not grow with their number.

    Raises:
        PredictionError: an archive is damaged, before which its pictures have been yielded; or a
            table is damaged, or has no pictures.
    """
    for path in paths:
        kind = kind_of_name(path.name)
        if kind is not None and path.is_file():
            yield from _in_archive(path, kind)
        elif _holds_many(path):
            yield from _in_table(path)
        elif is_list(path):
            yield FoundPicture(_name(path), Failure(IS_LIST))
        else:
            found = None
            for found in walk.pictures_at(path):
                yield FoundPicture(_name(found), found)
            if found is None:
                yield from find(_shards(path))


def count(paths: Iterable[Path]) -> int | None:
    """Number of pictures that `find` yields; None if archives or tables would have to be read."""
    total = 0
    for path in paths:
        num_files = 0 if _is_container(path) else sum(1 for _ in walk.pictures_at(path))
        if not num_files:  # a folder without pictures may have shards
            return None
        total += num_files
    return total


def is_list(path: Path) -> bool:
    """True for a file that names pictures, by the ending of its name."""
    return path.suffix.lower() in _LISTS and path.is_file()


def _holds_many(path: Path) -> bool:
    """True for a table or arrays, by the ending of its name."""
    return path.suffix.lower() in contained.SUFFIXES and path.is_file()


def _is_container(path: Path) -> bool:
    return path.is_file() and (kind_of_name(path.name) is not None or _holds_many(path))


def _shards(folder: Path) -> list[Path]:
    """Archives and tables of pictures in a folder without pictures, such as shards, by name."""
    files = sorted(path for path in folder.iterdir() if not walk.is_hidden(path.name))
    return [path for path in files if _is_container(path)]


def _in_table(path: Path) -> Iterator[FoundPicture]:
    try:
        for location in contained.locations(path):
            found = Path(location)
            yield FoundPicture(_name(found), found)
    except DataError as error:
        raise PredictionError(str(error)) from None


def _name(path: Path) -> str:
    """The path, which in a cell of a spreadsheet must not be a formula."""
    text = str(path)
    return f"./{text}" if text.startswith(("=", "+", "-", "@")) else text


def answered(
    predictor: Predictor, pictures: Iterable[FoundPicture]
) -> Iterator[tuple[FoundPicture, Answer | Failure]]:
    """Yield each picture with its answer, in order and in constant memory."""
    waiting: deque[FoundPicture] = deque()

    def remembered() -> Iterator[Picture | Failure]:
        for each in pictures:
            waiting.append(each)
            yield each.picture

    for answer in predictor.answers(remembered()):
        yield waiting.popleft(), answer


def _in_archive(path: Path, kind: ArchiveType) -> Iterator[FoundPicture]:
    try:
        with OPEN[kind](path) as members:
            for member in members:
                if member.kind == "file" and walk.is_picture_name(member.name):
                    yield FoundPicture(f"{path}/{member.name}", _content(member))
    except _DAMAGED as error:
        if is_from_disk(error):
            raise
        raise PredictionError(
            f"{path} is not a {kind} file that can be read ({_reason(error)})."
        ) from None


def _content(member: Member) -> io.BytesIO | Failure:
    """Read a member at once, because a tar file can only be read from front to back."""
    if member.is_encrypted:
        return Failure(mark("It is protected by a password."))
    try:
        with member.open() as file:
            content = file.read(MAX_MEMBER_BYTES + 1)
    except _DAMAGED as error:
        if is_from_disk(error):
            raise
        return Failure(mark(f"It is damaged in the archive ({_reason(error)})."))
    if len(content) > MAX_MEMBER_BYTES:
        return Failure(mark(f"It is larger than {MAX_MEMBER_BYTES / 1e6:,.0f} MB."))
    return io.BytesIO(content)


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
