"""Checkpoints that Ray carries with their content, so that no machine needs a disk of another's."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyarrow.fs import LocalFileSystem
from ray import tune

_landing: Path | None = None


def land_in(folder: Path) -> None:
    """Unpack checkpoints that arrive in this process there; in the system's folder if not set."""
    global _landing
    _landing = folder


class TravellingCheckpoint(tune.Checkpoint):  # type: ignore[misc]
    """A folder that is pickled with its files, and becomes a new folder where it arrives."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _land, (_content(Path(self.path)),)


class Departing:
    """The content of a folder that is deleted before Ray pickles it; arrives as a checkpoint."""

    def __init__(self, folder: Path) -> None:
        self._files = _content(folder)

    def __reduce__(self) -> tuple[Any, ...]:
        return _land, (self._files,)


def remove_landed(folder: Path) -> None:
    """Delete a checkpoint that has arrived here, once it is read; leaves all other folders."""
    if folder.name.startswith(_PREFIX):
        shutil.rmtree(folder)


_PREFIX = "automl-landed-"


def _content(folder: Path) -> dict[str, bytes]:
    """All files by their path in the folder; none if it has been deleted."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _land(files: Mapping[str, bytes]) -> TravellingCheckpoint:
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_landing))
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return TravellingCheckpoint(str(folder), LocalFileSystem())
