"""Numbers that several metrics of label sets share, computed once from probabilities and truth."""

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from automl.evaluation import ranking_areas
from automl.evaluation.decisions import THRESHOLD

_Area = Callable[[NDArray[np.floating], NDArray[np.bool_]], float]
_Shares = Callable[[NDArray[np.floating], NDArray[np.bool_]], NDArray[np.float64]]


class SetAnswers:
    """Answers of one model for N pictures and K labels; everything below is computed on demand.

    A label is predicted from a probability of 0.5 on. Labels that no picture has are left out of
    averages; of areas also those that every picture has. Where a picture has no label and none is
    predicted, its answer is right and its intersection over union is 1.
    """

    def __init__(
        self,
        probabilities: NDArray[np.floating],
        labels: NDArray[np.bool_],
        thresholds: NDArray[np.floating] | float = THRESHOLD,
    ) -> None:
        """Keep probabilities (N, K), true labels (N, K), and thresholds (K,) or one for all."""
        self.probabilities, self.labels = probabilities, labels
        self.num_classes = probabilities.shape[1]
        self._thresholds = thresholds

    @cached_property
    def predicted(self) -> NDArray[np.bool_]:
        """(N, K) True for each label of the predicted set."""
        return np.asarray(self.probabilities >= self._thresholds)

    @cached_property
    def is_finite(self) -> bool:
        """True if no probability is NaN or infinite."""
        return bool(np.isfinite(self.probabilities).all())

    @cached_property
    def is_right(self) -> NDArray[np.bool_]:
        """(N,) True where exactly the true labels are predicted."""
        return np.asarray((self.predicted == self.labels).all(axis=1))

    @cached_property
    def support(self) -> NDArray[np.int64]:
        """(K,) number of pictures with each label."""
        return np.asarray(self.labels.sum(axis=0), np.int64)

    @cached_property
    def guesses(self) -> NDArray[np.int64]:
        """(K,) number of pictures that each label was predicted for."""
        return np.asarray(self.predicted.sum(axis=0), np.int64)

    @cached_property
    def hits(self) -> NDArray[np.int64]:
        """(K,) number of pictures that each label was rightly predicted for."""
        return np.asarray((self.predicted & self.labels).sum(axis=0), np.int64)

    @cached_property
    def overlaps(self) -> NDArray[np.float64]:
        """(N,) intersection over union of the true and the predicted labels of each picture."""
        common = (self.predicted & self.labels).sum(axis=1)
        either = (self.predicted | self.labels).sum(axis=1)
        return np.where(either > 0, common / np.maximum(either, 1), 1.0)

    @cached_property
    def precisions(self) -> NDArray[np.float64]:
        """(K,) precision of each label; 0 for one that was never predicted."""
        return np.asarray(self.hits / np.maximum(self.guesses, 1))

    @cached_property
    def recalls(self) -> NDArray[np.float64]:
        """(K,) recall of each label; 0 for one that does not occur."""
        return np.asarray(self.hits / np.maximum(self.support, 1))

    @cached_property
    def f1_scores(self) -> NDArray[np.float64]:
        """(K,) harmonic mean of precision and recall; 0 where both are 0."""
        return np.asarray(2 * self.hits / np.maximum(self.guesses + self.support, 1))

    @cached_property
    def jaccards(self) -> NDArray[np.float64]:
        """(K,) hits over all pictures that have the label or are predicted to have it."""
        return np.asarray(self.hits / np.maximum(self.guesses + self.support - self.hits, 1))

    @cached_property
    def informedness(self) -> NDArray[np.float64]:
        """(K,) recall plus specificity minus 1 (Youden, 1950); NaN where either is undefined."""
        others = len(self.labels) - self.support
        false = (self.guesses - self.hits) / np.maximum(others, 1)
        return np.where((self.support > 0) & (others > 0), self.recalls - false, np.nan)

    @cached_property
    def areas(self) -> NDArray[np.float64]:
        """(K,) area under the ROC curve of each label; NaN if undefined."""
        return self._by_label(ranking_areas.area_under_roc)

    @cached_property
    def average_precisions(self) -> NDArray[np.float64]:
        """(K,) average precision of each label; NaN if undefined."""
        return self._by_label(ranking_areas.average_precision)

    @cached_property
    def area_shares(self) -> NDArray[np.float64]:
        """(N,) share of every picture in the mean area weighted by support."""
        return self._shares(ranking_areas.area_shares)

    @cached_property
    def precision_shares(self) -> NDArray[np.float64]:
        """(N,) share of every picture in the mean average precision weighted by support."""
        return self._shares(ranking_areas.precision_shares)

    def macro(self, by_label: NDArray[np.float64]) -> float:
        """Mean of values (K,) over the labels that occur and have one; NaN without any."""
        kept = self._averaged(by_label)
        return float(by_label[kept].mean()) if kept.any() else float("nan")

    def weighted(self, by_label: NDArray[np.float64]) -> float:
        """The same, weighted by the number of pictures with the label."""
        kept = self._averaged(by_label)
        if not kept.any():
            return float("nan")
        return float(np.average(by_label[kept], weights=self.support[kept]))

    def pooled(self, area: _Area) -> float:
        """An area over all N * K decisions at once; NaN if they are all true, or all false."""
        truth = self.labels.ravel()
        if truth.all() or not truth.any():
            return float("nan")
        return float(area(self.probabilities.ravel(), truth))

    @cached_property
    def is_ranked(self) -> NDArray[np.bool_]:
        """(K,) True for labels that some pictures have and others have not."""
        return np.asarray((self.support > 0) & (self.support < len(self.labels)))

    def _averaged(self, by_label: NDArray[np.float64]) -> NDArray[np.bool_]:
        return np.asarray((self.support > 0) & ~np.isnan(by_label))

    def _by_label(self, area: _Area) -> NDArray[np.float64]:
        values = np.full(self.num_classes, np.nan)
        for index in np.flatnonzero(self.is_ranked):
            values[index] = area(self.probabilities[:, index], self.labels[:, index])
        return values

    def _shares(self, shares: _Shares) -> NDArray[np.float64]:
        total = np.zeros(len(self.labels))
        weights = np.where(self.is_ranked, self.support, 0)
        for index in np.flatnonzero(weights):
            weight = weights[index] / weights.sum()
            total += weight * shares(self.probabilities[:, index], self.labels[:, index])
        return total
