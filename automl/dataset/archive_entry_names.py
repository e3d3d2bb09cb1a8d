"""Names of the entries of untrusted archives, as every file system takes them."""

import hashlib
import unicodedata
from pathlib import Path, PurePosixPath

from automl.dataset.archive_members import Member
from automl.errors import DataError, short
from automl.texts import mark

_MAX_NAME_BYTES = 200
_MAX_PATH_BYTES = 2000
_RESERVED = {"con", "prn", "aux", "nul", *(f"{p}{n}" for p in ("com", "lpt") for n in range(1, 10))}


class EntryNames:
    """Refuses two entries that some file system would write to the same file.

    Names are compared case-folded and composed, as file systems of macOS and Windows do.
    """

    def __init__(self) -> None:
        self.taken: dict[tuple[str, ...], Path] = {}
        self.parents: set[tuple[str, ...]] = set()

    def add(self, parts: tuple[str, ...], name: str, archive: Path, shown: Path) -> bool:
        """Add a name; False if another archive has it already.

        Args:
            parts: of the path that is written.
            name: of the entry, for the error.
            archive: holds the entry.
            shown: path of the archive for the error.
        """
        folded = tuple(unicodedata.normalize("NFC", part).casefold() for part in parts)
        above = {folded[:end] for end in range(1, len(folded))}
        if self.taken.get(folded, archive) != archive:
            return False
        if folded in self.taken or folded in self.parents or above & self.taken.keys():
            raise refusal(mark(f"{shown} has two entries called {name!a}"))
        self.taken[folded] = archive
        self.parents |= above
        return True


def safe_parts(member: Member, path: Path) -> tuple[str, ...]:
    """The folders and the name of an entry.

    Raises:
        DataError: the entry is no plain file, or leads out of the archive at the path.
    """
    if member.kind == "other":
        raise refusal(mark(f"{path} has a link or device in it, {member.name!a}"))
    if member.is_encrypted:
        raise refusal(mark(f"{path} is protected by a password"))
    name = member.name.replace("\\", "/")
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or (parts and parts[0][1:2] == ":"):
        raise refusal(mark(f"{path} has an entry that leads out of it, {member.name!a}"))
    if "\0" in name or len(name.encode("utf-8", "surrogatepass")) > _MAX_PATH_BYTES:
        raise refusal(
            mark(f"{path} has an entry whose name no file can have, {short(member.name)}")
        )
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


def refusal(problem: str) -> DataError:
    """The error about an archive that is not unpacked."""
    return DataError(f"{problem}, so it is not unpacked. Give a folder, or another archive.")
