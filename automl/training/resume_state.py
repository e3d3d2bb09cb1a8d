"""Where a trial goes on after its engine has ended: files in its folder, read as far as needed.

What is in them is `training_state`'s business; this process has no torch.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

TENSORS, VALUES = NAMES = ("state.safetensors", "state.json")


@dataclass(frozen=True)
class KeptState:
    """Tensors as a file, or their bytes when Ray carries them elsewhere; the rest as values."""

    tensors: Path | bytes
    values: dict[str, Any]

    @property
    def epoch(self) -> int:
        """After which it was taken."""
        return int(self.values["epoch"])

    def for_other_machines(self) -> "KeptState":
        assert isinstance(self.tensors, Path)
        return replace(self, tensors=self.tensors.read_bytes())


def find(folder: Path) -> KeptState | None:
    """The state in a folder; None where there is none, or not all of it."""
    try:
        values = json.loads((folder / VALUES).read_text("utf-8"))
        with safe_open(folder / TENSORS, framework="numpy"):  # checks the length
            return KeptState(folder / TENSORS, values)
    except (OSError, ValueError, SafetensorError):
        return None
