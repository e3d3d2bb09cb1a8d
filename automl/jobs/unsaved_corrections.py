"""Corrections that somebody is making and has not saved: a closed tab must not lose them.

They are kept in `versions/unsaved` of our home, in a folder for each person and place of data, and
there in a file for each session: of two tabs neither overwrites what the other has kept.
"""

import contextlib
import hashlib
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from automl.frozen_model import FrozenModel
from automl.host import atomic, home
from automl.jobs.corrections import Corrections

_MAX_SESSIONS = 20


class Unsaved(FrozenModel):
    """The latest corrections of a session."""

    data: str
    by: str
    session: str
    at: datetime
    corrections: Corrections


def keep(data: Path, by: str, session: str, corrections: Corrections) -> None:
    """Keep the corrections in place of those before; without any the file goes.

    A full disk loses them, and nothing else. Of many sessions the oldest are forgotten.
    """
    path = folder(data, by) / f"{session}.json"
    with contextlib.suppress(OSError):
        if corrections == Corrections():
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        others = [other for other in path.parent.glob("*.json") if other != path]
        others.sort(key=lambda other: other.stat().st_mtime_ns, reverse=True)
        for old in others[_MAX_SESSIONS - 1 :]:
            old.unlink(missing_ok=True)
        found = Unsaved(
            data=str(data), by=by, session=session, at=datetime.now(UTC), corrections=corrections
        )
        atomic.write_text(path, found.model_dump_json())


def of_others(data: Path, by: str, session: str) -> list[Unsaved]:
    """Readable corrections that a person has made of the data in other sessions, latest first."""
    found = []
    for path in folder(data, by).glob("*.json"):
        with contextlib.suppress(OSError, ValidationError):
            found.append(Unsaved.model_validate_json(path.read_bytes()))
    others = [one for one in found if one.session != session]
    return sorted(others, key=lambda one: one.at, reverse=True)


def forget(found: Unsaved) -> None:
    """Delete the corrections of a session."""
    with contextlib.suppress(OSError):
        (folder(Path(found.data), found.by) / f"{found.session}.json").unlink(missing_ok=True)


def folder(data: Path, by: str) -> Path:
    """Folder of what a person has not saved about a place of data."""
    digest = hashlib.sha256(f"{by}\n{data}".encode("utf-8", "surrogatepass")).hexdigest()
    return home.versions_dir() / "unsaved" / digest[:32]
