"""What a trial has recovered from, and what it does differently since."""

import torch

from automl.frozen_model import FrozenModel

RESTART_FACTOR = 0.1
"""On the learning rate when training starts again from the last good state."""


class Recovery(FrozenModel):
    """Travels with the trial's state, so that another worker goes on alike."""

    num_parts: int = 1
    """Parts a training batch is computed in, one after the other, before its one update."""

    num_validation_parts: int = 1
    restarted_at: int | None = None
    """Epoch after which training started again at a tenth of the rate."""

    def notes(self, batch_size: int) -> list[str]:
        """One sentence for everything that happened."""
        notes = []
        if self.num_parts > 1:
            notes.append(
                f"Recovered: the memory was full, so batches of {batch_size} are computed "
                f"{part_size(batch_size, self.num_parts)} pictures at a time; the update is the "
                "same."
            )
        if self.restarted_at is not None:
            notes.append(
                f"Recovered: the loss was no number any more, so training went on from epoch "
                f"{self.restarted_at} at a tenth of the learning rate."
            )
        return notes


def part_size(batch_size: int, num_parts: int) -> int:
    return -(-batch_size // num_parts)


def is_out_of_memory(error: RuntimeError) -> bool:
    """The GPU says so by type, the CPU in words."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
