"""One way to understand a data set, said in a sentence, with the options that choose it."""

import shlex
from collections.abc import Iterable
from typing import Any

from automl.errors import DataError
from automl.frozen_model import FrozenModel

TRAINING = "training_data"


class Reading(FrozenModel):
    """A way to read the data at a path."""

    sentence: str
    """Form, splits and label, as a sentence."""

    options: dict[str, Any] = {}
    """Keys of a data source, with the values that choose this reading; `target_column_name` and
    `task` are keys of the job."""

    def command_line(self, section: str = TRAINING) -> str:
        """The options of `automl check` that choose this reading.

        Args:
            section: key of the data source in the job; its keys go without it for training data.
        """
        prefix = "" if section == TRAINING else f"{section}."
        keys = {name: name if name == "task" else prefix + name for name in self.options}
        return " ".join(
            f"--target-column {shlex.quote(str(value))}"
            if name == "target_column_name"
            else f"--set {shlex.quote(f'{keys[name]}={value}')}"
            for name, value in self.options.items()
        )


class Guess(FrozenModel):
    """A choice between readings that are about as likely, made without asking."""

    sentence: str
    """The reading that is used, and why."""

    others: list[Reading] = []
    """Those that are not."""


class UnclearDataError(DataError):
    """The data can be read in ways of which the user has to choose one."""

    def __init__(self, message: str, readings: Iterable[Reading] = ()) -> None:
        super().__init__(message)
        self.readings = list(readings)
