"""A small data set that somebody collects picture by picture: a folder for each class."""

import hashlib
from pathlib import Path

from automl.errors import DataError
from automl.host import atomic, file_names
from automl.host import home as homes
from automl.texts import mark

_MAX_LENGTH = 60


def folder(name: str) -> Path:
    """Folder of the data set with this name.

    Raises:
        DataError: no folder can have the name.
    """
    return homes.home_dir() / "samples" / checked(name, mark("a data set"))


def add(data_set: Path, label: str, content: bytes, suffix: str) -> Path:
    """Add a picture to a class; one that is there already stays alone. Returns its file.

    Args:
        data_set: folder of the data set; made if it is missing.
        label: class of the picture.
        content: of the file.
        suffix: ending of the file, such as `.jpg`.

    Raises:
        DataError: no folder can have the name of the class beside those of the others.
    """
    target = data_set / checked_class(data_set, label)
    target.mkdir(parents=True, exist_ok=True)
    path = target / f"{hashlib.sha256(content).hexdigest()[:16]}{suffix}"
    atomic.write_bytes(path, content)
    return path


def pictures(data_set: Path) -> dict[str, list[Path]]:
    """Pictures of each class, the latest first; classes by name, without empty ones."""
    if not data_set.is_dir():
        return {}
    classes = sorted(path for path in data_set.iterdir() if path.is_dir())
    found = {path.name: sorted(path.iterdir(), key=_age) for path in classes}
    return {label: files for label, files in found.items() if files}


def _age(path: Path) -> int:
    return -path.stat().st_mtime_ns


def checked_class(data_set: Path, label: str) -> str:
    """The name of a class as `checked` returns it, if no class there differs in case only.

    Raises:
        DataError: no folder can have the name beside those of the other classes.
    """
    label = checked(label, mark("a class"))
    others = {path.name for path in data_set.iterdir()} if data_set.is_dir() else set()
    alike = {name for name in others if name.casefold() == label.casefold()}
    if alike and label not in alike:
        raise DataError(
            f"The class {label} differs from {min(alike)} in capital letters only, which some "
            "systems take for one folder. Choose another name."
        )
    return label


def checked(name: str, what: str) -> str:
    """The name without spaces around it, if a folder can have it on every system.

    Raises:
        DataError: says what is allowed.
    """
    name = name.strip()
    is_hidden = name.startswith((".", "_"))
    if not name or is_hidden or len(name) > _MAX_LENGTH or file_names.portable(name) != name:
        raise DataError(
            f"{name!r} cannot be the name of {what}. Use letters, digits and spaces, at most "
            f"{_MAX_LENGTH} of them, with a letter or digit first."
        )
    return name
