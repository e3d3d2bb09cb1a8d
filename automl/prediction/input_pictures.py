"""Pictures as people name them: files, folders of them, zip and tar files; and their answers."""

import io
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from automl.dataset import walk
from automl.dataset.archive_members import BROKEN, OPEN, ArchiveType, Member
from automl.prediction.inference import Failure, Picture, Predictor, Row

MAX_MEMBER_BYTES = 50_000_000
_ARCHIVES: dict[str, ArchiveType] = {
    ".zip": "zip",
    **dict.fromkeys((".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz"), "tar"),
}


@dataclass(frozen=True)
class FoundPicture:
    """A picture, or why it cannot be one, under the name it is reported by."""

    name: str
    """Its path; that of an archive, a slash and the name within for one in an archive."""

    picture: Picture | Failure


def find(paths: Iterable[Path]) -> Iterator[FoundPicture]:
    """The pictures of files, folders and archives in turn, in constant memory.

    Raises:
        ValueError: an archive is damaged; what came before it was found.
    """
    for path in paths:
        kind = archive_type(path.name)
        if kind is not None and path.is_file():
            yield from _in_archive(path, kind)
        else:
            yield from (FoundPicture(str(found), found) for found in walk.pictures_at(path))


def answered(
    predictor: Predictor, found: Iterable[FoundPicture]
) -> Iterator[tuple[FoundPicture, Row | Failure]]:
    """Each with its row of probabilities, in order and in constant memory."""
    waiting: deque[FoundPicture] = deque()

    def pictures() -> Iterator[Picture | Failure]:
        for each in found:
            waiting.append(each)
            yield each.picture

    for row in predictor.rows(pictures()):
        yield waiting.popleft(), row


def archive_type(name: str) -> ArchiveType | None:
    """By the ending of a file's name."""
    lower = name.lower()
    return next((kind for suffix, kind in _ARCHIVES.items() if lower.endswith(suffix)), None)


def _in_archive(path: Path, kind: ArchiveType) -> Iterator[FoundPicture]:
    try:
        with OPEN[kind](path) as members:
            for member in members:
                if member.kind == "file" and walk.is_picture_name(member.name):
                    yield FoundPicture(f"{path}/{member.name}", _content(member))
    except (*BROKEN, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ValueError(f"{path} is not a {kind} file that can be read ({error}).") from None


def _content(member: Member) -> io.BytesIO | Failure:
    """Read at once: the next member of a tar file leaves this one behind."""
    if member.is_encrypted:
        return Failure("It is protected by a password.")
    try:
        with member.open() as file:
            content = file.read(MAX_MEMBER_BYTES + 1)
    except BROKEN as error:
        return Failure(f"It is damaged in the archive ({error}).")
    if len(content) > MAX_MEMBER_BYTES:
        return Failure(f"It is larger than {MAX_MEMBER_BYTES / 1e6:,.0f} MB.")
    return io.BytesIO(content)
