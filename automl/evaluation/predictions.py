"""Predicted probabilities of one trial for the pictures of one split."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Predictions:
    """Answers of one trial on one split."""

    sample_ids: "NDArray[np.int64]"
    """(N,) ids of `samples.parquet`."""

    labels: "NDArray[np.int64]"
    """(N,) true class indices."""

    probabilities: "NDArray[np.float32]"
    """(N, K); rows sum to 1."""

    @property
    def predicted(self) -> "NDArray[np.int64]":
        """(N,) index of the most probable class."""
        indices: NDArray[np.int64] = self.probabilities.argmax(axis=1).astype("int64")
        return indices

    @property
    def has_collapsed(self) -> bool:
        """True if every picture gets the same class although the labels have several."""
        return len(set(self.predicted.tolist())) == 1 < len(set(self.labels.tolist()))

    def is_about_the_same_as(self, predictions: "Predictions") -> bool:
        """True if both are for the same pictures, with the same labels, in the same order."""
        import numpy as np

        return np.array_equal(self.sample_ids, predictions.sample_ids) and np.array_equal(
            self.labels, predictions.labels
        )
