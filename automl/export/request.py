"""A request for an export. No torch."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from automl.errors import ExportError
from automl.export import formats

Progress = Callable[[str, float], None]
"""Called with the name of the current step, and the share of the whole export that is done."""


def no_progress(_: str, __: float) -> None:
    """Ignore the progress."""


@dataclass(frozen=True)
class ExportRequest:
    """A model to export, and the folder for it."""

    experiment_dir: Path
    trial_id: str
    """The trial whose best model to export."""

    format_name: str
    """One of `formats.names()`."""

    target: Path
    """The folder to create."""

    with_int8: bool = False
    """Write a model quantised to int8, too."""

    replaces: bool = False
    """Replace a folder that has the name of the target."""

    def check(self) -> formats.Format:
        """Return the format, if the request can be met as far as can be told without torch.

        Raises:
            ExportError: the format cannot be written here, or the target exists.
        """
        chosen = formats.check(self.format_name, int8=self.with_int8)
        is_empty = self.target.is_dir() and not any(self.target.iterdir())
        if self.target.exists() and not (self.replaces or is_empty):
            raise ExportError(f"{self.target} exists and is not empty. Choose another --output.")
        return chosen

    def to_text(self) -> str:
        """Return the request as JSON, for another process."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_text(cls, text: str) -> Self:
        values = json.loads(text)
        for name in ("experiment_dir", "target"):
            values[name] = Path(values[name])
        return cls(**values)
