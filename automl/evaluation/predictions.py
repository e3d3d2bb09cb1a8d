"""Predicted probabilities of one trial for the pictures of one split."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Predictions:
    """Answers of one trial on one split."""

    sample_ids: "NDArray[np.int64]"
    """(N,) ids of `samples.parquet`."""

    labels: "NDArray[Any]"
    """(N,) true class indices; of label sets (N, K), True for each label of a picture."""

    probabilities: "NDArray[np.float32]"
    """(N, K); rows sum to 1, or are those of independent labels."""

    @property
    def has_label_sets(self) -> bool:
        """True if a picture may have any number of labels."""
        return self.labels.ndim == 2

    @cached_property
    def predicted(self) -> "NDArray[np.int64]":
        """(N,) index of the most probable class; of label sets (N, K), True from 0.5 on."""
        import numpy as np

        from automl.evaluation.decisions import decided

        return np.asarray(decided(self.probabilities, self.labels))

    @property
    def has_collapsed(self) -> bool:
        """True if every picture gets the same answer although the labels differ."""
        return _num_distinct(self.predicted) == 1 < _num_distinct(self.labels)

    def of(self, sample_ids: "NDArray[np.int64]") -> "Predictions":
        """The answers for some of the pictures, in the order of their ids."""
        import numpy as np

        order = np.argsort(self.sample_ids)
        return self.at(order[np.searchsorted(self.sample_ids, sample_ids, sorter=order)])

    def at(self, rows: "NDArray[Any]") -> "Predictions":
        """The answers at these positions."""
        return Predictions(self.sample_ids[rows], self.labels[rows], self.probabilities[rows])

    def joined(self, other: "Predictions") -> "Predictions":
        """These answers and those for other pictures, in the order of their ids."""
        import numpy as np

        ids = np.concatenate([self.sample_ids, other.sample_ids])
        labels = np.concatenate([self.labels, other.labels])
        probabilities = np.concatenate([self.probabilities, other.probabilities])
        return Predictions(ids, labels, probabilities).of(np.sort(ids))

    def is_about_the_same_as(self, predictions: "Predictions") -> bool:
        """True if both are for the same pictures, with the same labels, in the same order."""
        import numpy as np

        return np.array_equal(self.sample_ids, predictions.sample_ids) and np.array_equal(
            self.labels, predictions.labels
        )


def _num_distinct(answers: "NDArray[np.int64]") -> int:
    """Number of distinct classes (N,), or of distinct sets (N, K)."""
    return len({row.tobytes() for row in answers})


def in_common(*answers: Predictions) -> list[Predictions]:
    """The answers for the pictures that all of them are about, in the order of their ids."""
    from functools import reduce

    import numpy as np

    given = answers[0].sample_ids
    if (np.diff(given) > 0).all() and all(
        np.array_equal(each.sample_ids, given) for each in answers
    ):
        return list(answers)  # the usual case, in which a copy would take most of the time
    ids = reduce(np.intersect1d, (each.sample_ids for each in answers))
    return [each.of(ids) for each in answers]
