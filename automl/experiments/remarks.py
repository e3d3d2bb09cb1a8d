"""Remarks of people about an experiment: another title, tags and a note.

They are kept in `remarks.json` in the experiment's directory, which the engine neither reads nor
writes.
"""

from pathlib import Path

from pydantic import Field, ValidationError

from automl.experiments import store
from automl.frozen_model import FrozenModel
from automl.host import atomic

MAX_TITLE, MAX_TAGS, MAX_NOTE = 80, 20, 4_000


class Remarks(FrozenModel):
    """Remarks about one experiment; all empty at first."""

    title: str = Field(default="", max_length=MAX_TITLE)
    """Shown instead of the name; empty to show the name."""

    tags: tuple[str, ...] = Field(default=(), max_length=MAX_TAGS)
    """Words by which experiments are found."""

    note: str = Field(default="", max_length=MAX_NOTE)
    """Free text."""


def path(experiment_dir: Path) -> Path:
    """Return the file of the remarks, which may not exist."""
    return experiment_dir / "remarks.json"


def load(experiment_dir: Path) -> Remarks:
    """Return the remarks; empty ones if there is no file, or none that this version reads."""
    try:
        return Remarks.model_validate_json(path(experiment_dir).read_bytes())
    except (OSError, ValidationError):  # a remark must not hide an experiment
        return Remarks()


def save(experiment_dir: Path, remarks: Remarks) -> None:
    """Replace the remarks.

    Raises:
        UserError: the experiment was deleted meanwhile; nothing is left where it was.
    """
    with (
        store.unless_deleted(experiment_dir),
        atomic.open_binary(path(experiment_dir), makes_folder=False) as file,
    ):
        file.write(remarks.model_dump_json(indent=2).encode("utf-8"))
