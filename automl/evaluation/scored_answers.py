"""Numbers that several metrics share, computed once from probabilities and labels."""

from collections.abc import Callable
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from automl.evaluation import ranking_areas

Average = Literal["macro", "micro", "weighted", "binary"]
_Area = Callable[[NDArray[np.floating], NDArray[np.bool_]], float]
_Shares = Callable[[NDArray[np.floating], NDArray[np.bool_]], NDArray[np.float64]]


class ScoredAnswers:
    """Answers of one model for N pictures and K classes; everything below is computed on demand.

    Classes that do not occur in the labels have NaN in the values by class where nothing is
    known about them, and are left out of macro averages.
    """

    def __init__(self, probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> None:
        """Keep probabilities (N, K), rows summing to 1, and true class indices (N,)."""
        self.probabilities, self.labels = probabilities, labels
        self.num_classes = probabilities.shape[1]

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """(N,) index of the most probable class."""
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)

    @cached_property
    def is_right(self) -> NDArray[np.bool_]:
        """(N,) True where the most probable class is the true one."""
        return np.asarray(self.predicted == self.labels)

    @cached_property
    def is_finite(self) -> bool:
        """True if no probability is NaN or infinite."""
        return bool(np.isfinite(self.probabilities).all())

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

    @cached_property
    def precisions(self) -> NDArray[np.float64]:
        """(K,) precision of each class; 0 for one that was never predicted."""
        return np.asarray(self.hits / np.maximum(self.guesses, 1))

    @cached_property
    def recalls(self) -> NDArray[np.float64]:
        """(K,) recall of each class; 0 for one that does not occur."""
        return np.asarray(self.hits / np.maximum(self.support, 1))

    @cached_property
    def f1_scores(self) -> NDArray[np.float64]:
        """(K,) harmonic mean of precision and recall; 0 where both are 0."""
        return np.asarray(2 * self.hits / np.maximum(self.guesses + self.support, 1))

    @cached_property
    def areas(self) -> NDArray[np.float64]:
        """(K,) area under the ROC curve of each class against the rest; NaN if undefined."""
        return self._by_class(ranking_areas.area_under_roc)

    @cached_property
    def average_precisions(self) -> NDArray[np.float64]:
        """(K,) average precision of each class against the rest; NaN if undefined."""
        return self._by_class(ranking_areas.average_precision)

    @cached_property
    def area_shares(self) -> NDArray[np.float64]:
        """(N,) share of every picture in the mean area weighted by class size."""
        return self._shares(ranking_areas.area_shares)

    @cached_property
    def precision_shares(self) -> NDArray[np.float64]:
        """(N,) share of every picture in the mean average precision weighted by class size."""
        return self._shares(ranking_areas.precision_shares)

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

    def pooled(self, area: _Area) -> float:
        """An area over all N * K decisions, "is it this class?", at once; NaN if undefined."""
        if len(self.present) < 2:
            return float("nan")
        truth = self.labels[:, None] == np.arange(self.num_classes)
        return float(area(self.probabilities.ravel(), truth.ravel()))

    def _by_class(self, area: _Area) -> NDArray[np.float64]:
        values = np.full(self.num_classes, np.nan)
        if len(self.present) > 1:  # without pictures of other classes no area is defined
            for index in self.present:
                values[index] = area(self.probabilities[:, index], self.labels == index)
        return values

    def _shares(self, shares: _Shares) -> NDArray[np.float64]:
        total = np.zeros(len(self.labels))
        for index in self.present:
            weight = self.support[index] / len(self.labels)
            total += weight * shares(self.probabilities[:, index], self.labels == index)
        return total
