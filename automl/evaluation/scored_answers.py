"""Numbers that several metrics share, computed once from probabilities and labels."""

from collections.abc import Iterator
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from automl.evaluation import ranking_areas
from automl.evaluation.counted_answers import CountedAnswers, Shares
from automl.evaluation.ranking_areas import Areas

Average = Literal["macro", "micro", "weighted", "binary"]


class ScoredAnswers(CountedAnswers):
    """Answers of one model for N pictures and K classes; everything below is computed on demand.

    Classes that do not occur in the labels have NaN in the values by class where nothing is
    known about them, and are left out of macro averages.
    """

    def __init__(self, probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> None:
        """Keep probabilities (N, K), rows summing to 1, and true class indices (N,)."""
        super().__init__(probabilities, labels)

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """(N,) index of the most probable class."""
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)

    @cached_property
    def is_right(self) -> NDArray[np.bool_]:
        """(N,) True where the most probable class is the true one."""
        return np.asarray(self.predicted == self.labels)

    @cached_property
    def support(self) -> NDArray[np.int64]:
        """(K,) number of pictures of each class."""
        return np.bincount(self.labels, minlength=self.num_classes).astype(np.int64)

    @cached_property
    def guesses(self) -> NDArray[np.int64]:
        """(K,) number of pictures that each class was predicted for."""
        return np.bincount(self.predicted, minlength=self.num_classes).astype(np.int64)

    @cached_property
    def hits(self) -> NDArray[np.int64]:
        """(K,) number of pictures of each class that are right."""
        right = self.labels[self.is_right]
        return np.bincount(right, minlength=self.num_classes).astype(np.int64)

    @cached_property
    def present(self) -> NDArray[np.int64]:
        """Indices of the classes that occur in the labels."""
        return np.flatnonzero(self.support)

    def average(self, by_class: NDArray[np.float64], average: Average) -> float:
        """Mean of values (K,) over the classes that occur, or the value of the second class.

        `micro` is not among them: it pools decisions and is not a mean of values by class.
        """
        if average == "binary":
            return float(by_class[1])
        if average == "macro":
            return float(by_class[self.present].mean())
        assert average == "weighted", "micro is not a mean of values by class"
        return float(np.average(by_class[self.present], weights=self.support[self.present]))

    @cached_property
    def pooled(self) -> Areas:
        """Areas over all N * K decisions, "is it this class?", at once; NaN if undefined."""
        if len(self.present) < 2:
            return ranking_areas.UNDEFINED
        truth = self.labels[:, None] == np.arange(self.num_classes)
        return ranking_areas.areas(self.probabilities.ravel(), truth.ravel())

    def _against_rest(self) -> Iterator[tuple[int, NDArray[np.bool_]]]:
        if len(self.present) > 1:  # without pictures of other classes no area is defined
            for index in self.present:
                yield int(index), self.labels == index

    def _shares(self, shares: Shares) -> NDArray[np.float64]:
        total = np.zeros(len(self.labels))
        for index in self.present:
            weight = self.support[index] / len(self.labels)
            total += weight * shares(self.probabilities[:, index], self.labels == index)
        return total
