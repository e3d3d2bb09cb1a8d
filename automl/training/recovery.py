"""The errors a trial has recovered from, and what it computes differently since."""

import torch

from automl.frozen_model import FrozenModel
from automl.texts import mark
from automl.training.batches import part_size

RESTART_FACTOR = 0.1
"""Factor on the learning rate after a restart from the last good state."""


class Recovery(FrozenModel):
    """Part of the trial's state, so that another worker continues in the same way."""

    num_parts: int = 1
    """Parts a training batch is computed in, one after the other, before its update."""

    num_validation_parts: int = 1
    restarted_at: int | None = None
    """Epoch from which training restarted at a tenth of the learning rate."""

    def notes(self, batch_size: int, *, has_batch_statistics: bool) -> list[str]:
        """One sentence for every kind of recovery.

        Args:
            batch_size: pictures in a training batch.
            has_batch_statistics: batch norms normalise with the statistics of the pictures that
                are computed together.
        """
        notes = []
        if self.num_parts > 1:
            size = part_size(batch_size, self.num_parts)
            effect = mark("the update is that of the whole batch")
            if has_batch_statistics:
                effect = mark(
                    "its batch norms use the statistics of {size} pictures instead of {whole}, so "
                    "the update is not quite that of the whole batch"
                ).format(size=size, whole=batch_size)
            notes.append(
                mark(
                    "Recovered: the memory was full, so batches of {whole} are computed {size} "
                    "pictures at a time; {effect}."
                ).format(whole=batch_size, size=size, effect=effect)
            )
        if self.restarted_at is not None:
            notes.append(
                mark(
                    "Recovered: the loss became NaN or infinite; training restarted from epoch "
                    "{epoch} at a tenth of the learning rate."
                ).format(epoch=self.restarted_at)
            )
        return notes


def is_out_of_memory(error: RuntimeError) -> bool:
    """True for a full memory: torch has a class for it on a GPU, and only a text on the CPU."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
