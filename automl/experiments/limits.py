"""Limits of the experiment queue, stored in `limits.yml` of the home directory.

    max_running: 2            # experiments at the same time; default: as many as the cores allow
    max_running_per_user: 1
    max_waiting_per_user: 20  # further ones are refused

All keys are optional. Every waiting experiment rereads the file.
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
    """Maximum numbers of experiments; None means no limit."""

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
    """Hold the lock of the file, so that no other process changes it between `load` and `save`."""
    with FileLock(home.home_dir() / "limits.lock"):
        yield


def path() -> Path:
    return home.home_dir() / "limits.yml"


def load() -> QueueLimits:
    """Load the limits.

    Raises:
        UserError: the file is not valid; the message names the key and the allowed values.
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
