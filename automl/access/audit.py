"""The audit log: who did what, when, on which experiment; one line of JSON per action.

It is `audit.jsonl` in our home, readable by this user only, and is only appended to. `automl audit`
shows it.
"""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Literal

from pydantic import Field

from automl import errors
from automl.access import permissions
from automl.access.permissions import Action, Person, Role
from automl.experiments.records import now
from automl.frozen_model import FrozenModel
from automl.host import home, json_lines

Via = Literal["page", "command"]
_MAX_TEXT = 500
"""A line must stay short enough to be appended in one piece."""

_RESERVED_BYTES = 16_384


class Entry(FrozenModel):
    """One action that was done or tried."""

    time: datetime
    who: str
    role: Role | None = None
    """None for a person who was not let in."""

    via: Via
    action: Action
    experiment: str = ""
    outcome: Literal["done", "refused", "failed"]
    details: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True)
class Log:
    """The open log, and disk space that is held for its next line."""

    descriptor: int
    room: IO[bytes]


@dataclass
class Note:
    """Facts about an action that become known while it happens."""

    experiment: str
    details: dict[str, str] = field(default_factory=dict)


@contextlib.contextmanager
def recorded(
    person: Person,
    action: Action,
    experiment: str = "",
    *,
    via: Via,
    owner: str = "",
    **details: str,
) -> Iterator[Note]:
    """Check that a person may do the action in the block, and record its outcome.

    The log is opened first, so that no action happens that cannot be recorded.

    Args:
        person: the person who acts.
        action: the action.
        experiment: the id of its experiment; for a new one the block sets it on the note.
        via: a page or the command line.
        owner: the owner of the experiment.
        details: what else to record.

    Raises:
        NotAllowedError: the person may not do it.
        OSError: the log cannot be written.
    """
    note, outcome, reason = Note(experiment), "failed", ""
    with _opened() as log:
        try:
            permissions.check(person, action, owner=owner)
            yield note
            outcome = "done"
        except errors.NotAllowedError as refusal:
            outcome, reason = "refused", str(refusal)
            raise
        except Exception as error:
            reason = str(error) or type(error).__name__
            raise
        finally:
            _append(
                log,
                who=person.name,
                role=person.role,
                via=via,
                action=action,
                experiment=note.experiment,
                outcome=outcome,
                details={**details, **note.details, **({"reason": reason} if reason else {})},
            )


def write_visit(who: str, role: Role | None, action: Action, reason: str = "") -> None:
    """Record that a person signed in, or why they were not let in, or not on a page.

    Args:
        who: the person.
        role: None for a person who was not let in.
        action: the sign-in, or the action that a page is for.
        reason: why it was refused; empty if it was not.
    """
    with _opened() as log:
        _append(
            log,
            who=who,
            role=role,
            via="page",
            action=action,
            outcome="refused" if reason else "done",
            details={"reason": reason} if reason else {},
        )


def read(last: int | None = None) -> list[Entry]:
    """The entries, oldest first; a line that a crash cut off is left out.

    Args:
        last: the number of lines to read, the latest; all of them if left out.
    """
    try:
        return list(json_lines.read(path(), Entry, last))
    except FileNotFoundError:
        return []


def path() -> Path:
    return home.home_dir() / "audit.jsonl"


@contextlib.contextmanager
def _opened() -> Iterator[Log]:
    with json_lines.opened(path()) as descriptor, _reserve() as room:
        yield Log(descriptor, room)


@contextlib.contextmanager
def _reserve() -> Iterator[IO[bytes]]:
    """Hold disk space for a line, so that a full disk prevents the act and not its entry."""
    with tempfile.TemporaryFile(dir=path().parent) as room:
        room.write(bytes(_RESERVED_BYTES))
        room.flush()
        os.fsync(room.fileno())
        yield room


def _append(
    log: Log, *, who: str, experiment: str = "", details: dict[str, str], **others: Any
) -> None:
    content = {
        "who": _short(who),
        "experiment": _short(experiment),
        "details": {name: _short(text) for name, text in details.items()},
    }
    entry = Entry.model_validate({"time": now(), **content, **others})
    line = json.dumps(entry.model_dump(mode="json", exclude_defaults=True))
    log.room.close()
    json_lines.write(log.descriptor, path(), line)
    os.fsync(log.descriptor)


def _short(text: str) -> str:
    return text[:_MAX_TEXT].encode("utf-8", "replace").decode()
