"""The state of a trial on disk, from which it continues after its worker or its engine has ended.

It is `state.safetensors` and `state.json`; nothing is pickled. The engine, which has no torch,
finds the files; a worker reads and writes the tensors.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

if TYPE_CHECKING:
    from torch import Tensor

TENSORS, VALUES = NAMES = ("state.safetensors", "state.json")


@dataclass(frozen=True)
class KeptState:
    """tensors: a file, or its bytes when Ray carries them to another machine; values: JSON."""

    tensors: Path | bytes
    values: dict[str, Any]

    @property
    def epoch(self) -> int:
        """Number of epochs that were trained before."""
        return int(self.values["epoch"])

    def for_other_machines(self) -> "KeptState":
        """The same with the content of the file."""
        if isinstance(self.tensors, bytes):
            return self
        return replace(self, tensors=self.tensors.read_bytes())

    def load_tensors(self) -> dict[str, "Tensor"]:
        """The tensors, on the CPU."""
        import safetensors.torch

        if isinstance(self.tensors, bytes):
            return safetensors.torch.load(self.tensors)
        return safetensors.torch.load_file(self.tensors)


def save(folder: Path, tensors: dict[str, "Tensor"], values: dict[str, Any]) -> None:
    """Write both files."""
    import safetensors.torch

    on_cpu = {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}
    safetensors.torch.save_file(on_cpu, folder / TENSORS)
    (folder / VALUES).write_text(json.dumps(values), "utf-8")


def find(folder: Path) -> KeptState | None:
    """The state in a folder; None if it is missing or incomplete."""
    try:
        values = json.loads((folder / VALUES).read_text("utf-8"))
        with safe_open(folder / TENSORS, framework="numpy"):  # checks the length
            return KeptState(folder / TENSORS, values)
    except (OSError, ValueError, SafetensorError):
        return None
