"""Corrections that somebody is making and has not saved: a closed tab must not lose them.

They are kept in `versions/unsaved` of our home, in a file for each person and place of data.
"""

import contextlib
import hashlib
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from automl.frozen_model import FrozenModel
from automl.host import atomic, home
from automl.jobs.corrections import Corrections


class Unsaved(FrozenModel):
    """The latest corrections of a person."""

    data: str
    by: str
    at: datetime
    corrections: Corrections


def keep(data: Path, by: str, corrections: Corrections) -> None:
    """Keep the corrections in place of those before; without any the file goes.

    A full disk loses them, and nothing else.
    """
    path = _path(data, by)
    with contextlib.suppress(OSError):
        if corrections == Corrections():
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(mode=0o700, exist_ok=True)
        found = Unsaved(data=str(data), by=by, at=datetime.now(UTC), corrections=corrections)
        atomic.write_text(path, found.model_dump_json())


def of(data: Path, by: str) -> Unsaved | None:
    """The corrections that a person has made of the data; None without any that can be read."""
    try:
        return Unsaved.model_validate_json(_path(data, by).read_bytes())
    except (OSError, ValidationError):
        return None


def _path(data: Path, by: str) -> Path:
    digest = hashlib.sha256(f"{by}\n{data}".encode("utf-8", "surrogatepass")).hexdigest()
    return home.versions_dir() / "unsaved" / f"{digest[:32]}.json"
