"""Limits of the queue of one home: `limits.yml` in it.

    max_running: 2            # experiments at the same time; as many as the cores allow if left out
    max_running_per_user: 1
    max_waiting_per_user: 20  # further ones are refused

All keys are optional. The file is read anew by every experiment that waits.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import yaml
from filelock import FileLock
from pydantic import Field, ValidationError

from automl.errors import UserError
from automl.frozen_model import FrozenModel
from automl.host import atomic, home
from automl.jobs import untrusted_yaml


class QueueLimits(FrozenModel):
    """How many experiments; None: no limit."""

    max_running: int | None = Field(None, ge=1)
    """How many experiments run at the same time. Empty: as many as the cores and GPUs allow."""

    max_running_per_user: int | None = Field(None, ge=1)
    """How many experiments of one person run at the same time. Empty: as many as may run at all."""

    max_waiting_per_user: int | None = Field(None, ge=0)
    """How many experiments of one person may wait; further ones are refused. Empty: any number."""

    def in_words(self) -> dict[str, str]:
        return {name: "no limit" if value is None else str(value) for name, value in self}


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Keep the file as it is between `load` and `save`: no other holder of this lock changes it."""
    with FileLock(home.home_dir() / "limits.lock"):
        yield


def path() -> Path:
    return home.home_dir() / "limits.yml"


def load() -> QueueLimits:
    """The limits in force.

    Raises:
        UserError: the file cannot be read; names the key and what is allowed.
    """
    try:
        content, _ = untrusted_yaml.load(path().read_text("utf-8"))
        return QueueLimits.model_validate(content or {})
    except FileNotFoundError:
        return QueueLimits()
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "the file"
        known = ", ".join(QueueLimits.model_fields)
        raise UserError(
            f"{path()}: {key} cannot be used ({first['msg']}). It may hold {known}, each a whole "
            "number."
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path()} is not YAML: {' '.join(str(error).split())}") from None


def save(limits: QueueLimits) -> None:
    """Replace the file; the limits apply at once, also to experiments that wait."""
    atomic.write_text(path(), yaml.safe_dump(limits.model_dump(exclude_none=True), sort_keys=False))
