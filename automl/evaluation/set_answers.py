"""Numbers that several metrics of label sets share, computed once from probabilities and truth."""

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl.evaluation import label_matrices, ranking_areas
from automl.evaluation.counted_answers import CountedAnswers, Shares
from automl.evaluation.decisions import THRESHOLD
from automl.evaluation.ranking_areas import Areas

_FEW_LABELS = 8
"""Labels of a picture up to which comparing each with all others costs less than sorting them."""

_AT_ONCE = 1_000
"""Labels that are compared at once, which stay in the processor's cache."""


class Ranks(NamedTuple):
    """Ranks of the T true labels of all pictures among the labels of their pictures."""

    pictures: NDArray[np.int64]
    """(T,) picture of each."""

    reached: NDArray[np.int64]
    """(T,) number of labels of the picture that are at least as probable, with itself."""

    hits: NDArray[np.int64]
    """(T,) number of true ones among those."""


class SetAnswers(CountedAnswers):
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
        super().__init__(probabilities, labels)
        self.thresholds = thresholds

    @cached_property
    def predicted(self) -> NDArray[np.bool_]:
        """(N, K) True for each label of the predicted set."""
        return np.asarray(self.probabilities >= self.thresholds)

    @cached_property
    def is_right(self) -> NDArray[np.bool_]:
        """(N,) True where exactly the true labels are predicted."""
        return np.asarray((self.predicted == self.labels).all(axis=1))

    @cached_property
    def support(self) -> NDArray[np.int64]:
        """(K,) number of pictures with each label."""
        return label_matrices.counts(self.labels, 0)

    @cached_property
    def guesses(self) -> NDArray[np.int64]:
        """(K,) number of pictures that each label was predicted for."""
        return label_matrices.counts(self.predicted, 0)

    @cached_property
    def hits(self) -> NDArray[np.int64]:
        """(K,) number of pictures that each label was rightly predicted for."""
        return label_matrices.counts(self.predicted & self.labels, 0)

    @cached_property
    def overlaps(self) -> NDArray[np.float64]:
        """(N,) intersection over union of the true and the predicted labels of each picture."""
        guessed, true = (np.packbits(each, axis=1) for each in (self.predicted, self.labels))
        common, either = (
            np.bitwise_count(bits).sum(axis=1, dtype=np.int64)
            for bits in (guessed & true, guessed | true)
        )
        return np.where(either > 0, common / np.maximum(either, 1), 1.0)

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

    @cached_property
    def pooled(self) -> Areas:
        """Areas over all N * K decisions at once; NaN if they are all true, or all false."""
        truth = self.labels.ravel()
        if truth.all() or not truth.any():
            return ranking_areas.UNDEFINED
        return ranking_areas.areas(self.probabilities.ravel(), truth)

    @cached_property
    def is_ranked(self) -> NDArray[np.bool_]:
        """(K,) True for labels that some pictures have and others have not."""
        return np.asarray((self.support > 0) & (self.support < len(self.labels)))

    @cached_property
    def ranks(self) -> Ranks:
        """Ranks of the true labels, for the metrics of rankings."""
        has_few = self.support.sum() <= _FEW_LABELS * len(self.labels)
        return (_compared if has_few else _sorted)(self.probabilities, self.labels)

    def _averaged(self, by_label: NDArray[np.float64]) -> NDArray[np.bool_]:
        return np.asarray((self.support > 0) & ~np.isnan(by_label))

    def _against_rest(self) -> Iterator[tuple[int, NDArray[np.bool_]]]:
        by_label = np.ascontiguousarray(self.labels.T)
        for index in np.flatnonzero(self.is_ranked):
            yield int(index), by_label[index]

    def _shares(self, shares: Shares) -> NDArray[np.float64]:
        total = np.zeros(len(self.labels))
        weights = np.where(self.is_ranked, self.support, 0)
        for index in np.flatnonzero(weights):
            weight = weights[index] / weights.sum()
            total += weight * shares(self.probabilities[:, index], self.labels[:, index])
        return total


def _compared(probabilities: NDArray[np.floating], labels: NDArray[np.bool_]) -> Ranks:
    """Ranks from a comparison of each true label with all others of its picture."""
    pictures, columns = label_matrices.places(labels)
    own = probabilities[pictures, columns]
    num_true = np.bincount(pictures, minlength=len(labels))
    among_true = np.arange(len(own)) - (num_true.cumsum() - num_true)[pictures]
    true_ones = np.full((len(labels), num_true.max(initial=0)), -np.inf, own.dtype)
    true_ones[pictures, among_true] = own
    reached, hits = np.empty_like(pictures), np.empty_like(pictures)
    for start in range(0, len(own), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        for counts, others in ((reached, probabilities), (hits, true_ones)):
            is_reached = others[pictures[part]] >= own[part, None]
            counts[part] = label_matrices.counts(is_reached, 1)
    return Ranks(pictures, reached, hits)


def _sorted(probabilities: NDArray[np.floating], labels: NDArray[np.bool_]) -> Ranks:
    """The same from a sort of each picture's labels."""
    order = np.argsort(-probabilities, axis=1)
    truth = np.take_along_axis(labels, order, axis=1)
    scores = np.take_along_axis(probabilities, order, axis=1)
    is_last = np.ones(scores.shape, bool)  # of equal scores
    is_last[:, :-1] = scores[:, 1:] != scores[:, :-1]
    ends, places = np.flatnonzero(is_last), np.flatnonzero(truth)
    last = ends[np.searchsorted(ends, places)]
    pictures, num_labels = places // truth.shape[1], truth.shape[1]
    return Ranks(pictures, last - pictures * num_labels + 1, truth.cumsum(axis=1).ravel()[last])
