"""Folder of two models in service: which one answers, and what both said.

    <folder>/
        pair.json       the two models, and who exchanged them when; `automl promote` replaces it
        answers.jsonl   a line for each picture that both answered for; the server appends
        counts.json     pictures answered, dropped, failed, and beyond the limit of lines
        pair.lock       held by a command that exchanges the two

Only its owner can read the folder. Pictures are named by the SHA-256 of their bytes.
"""

import contextlib
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock
from pydantic import ValidationError

from automl.errors import UserError
from automl.frozen_model import FrozenModel
from automl.host import atomic, json_lines

MAX_LINES = 100_000
"""Answers that are recorded; later ones are counted alone."""


class Exchange(FrozenModel):
    """One time that the second model became the first."""

    at: datetime
    by: str


class Pair(FrozenModel):
    """The model that answers, and the one that answers beside it."""

    first: Path
    second: Path
    exchanges: list[Exchange] = []

    def exchanged(self, by: str) -> "Pair":
        """The pair with the second model as the first; once more, it is as before."""
        done = [*self.exchanges, Exchange(at=datetime.now(UTC), by=by)]
        return Pair(first=self.second, second=self.first, exchanges=done)


class Given(FrozenModel):
    """The answer of one model: a label, or several separated by commas, and its probability."""

    label: str
    probability: float


class Line(FrozenModel):
    """Answers of two models for a picture."""

    at: datetime
    content: str
    """SHA-256 of the picture's bytes."""

    answers: dict[str, Given]
    """By the model's folder."""


class Counts(FrozenModel):
    """Pictures since the folder is there."""

    answered: int = 0
    """By both models."""

    differing: int = 0
    """Number of these pictures to which the two give different labels."""

    dropped: int = 0
    """Not shown to the second model, which was still busy with others."""

    failed: int = 0
    """The second model could not read them, or not answer."""

    unrecorded: int = 0
    """Answered beyond `MAX_LINES`."""


def load_pair(folder: Path) -> Pair | None:
    """The two models; None before a server has begun.

    Raises:
        UserError: the file is damaged.
    """
    path = folder / "pair.json"
    try:
        return Pair.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise UserError(
            f"{path} is damaged. Delete {folder} and start the server again, or name another "
            "--shadow-folder."
        ) from error


def save_pair(folder: Path, pair: Pair) -> None:
    atomic.write_text(folder / "pair.json", pair.model_dump_json(indent=1))


def exchange(folder: Path, seen: Pair, by: str) -> None:
    """Let the second model of the pair be the first.

    Args:
        folder: the folder of the pair.
        seen: the pair that was looked at before the decision.
        by: the person who decided.

    Raises:
        UserError: somebody else has exchanged them since.
    """
    with FileLock(folder / "pair.lock", mode=0o600):
        if load_pair(folder) != seen:
            raise UserError(
                f"Somebody else has just exchanged the two models of {folder.name}. Look at them "
                f"with automl shadow {shlex.quote(str(folder))}, and decide again."
            )
        save_pair(folder, seen.exchanged(by))


def load_counts(folder: Path) -> Counts:
    """The counts; all 0 if they are missing or damaged."""
    try:
        return Counts.model_validate_json((folder / "counts.json").read_bytes())
    except (FileNotFoundError, ValidationError):
        return Counts()


def save_counts(folder: Path, counts: Counts) -> None:
    atomic.write_text(folder / "counts.json", counts.model_dump_json())


def append(folder: Path, line: Line) -> None:
    json_lines.append(folder / "answers.jsonl", line.model_dump_json())


def lines(folder: Path) -> Iterator[Line]:
    """The recorded answers, oldest first; a line that was cut off is passed over."""
    with contextlib.suppress(FileNotFoundError):
        yield from json_lines.read(folder / "answers.jsonl", Line)
