"""Metrics that follow from the counts of each class or label, for every task."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.evaluation import ranking_areas
from automl.evaluation.ranking_areas import Areas

Shares = Callable[[NDArray[np.floating], NDArray[np.bool_]], NDArray[np.float64]]


class CountedAnswers(ABC):
    """Answers of one model for N pictures and K classes or labels, computed on demand."""

    def __init__(self, probabilities: NDArray[np.floating], labels: NDArray[Any]) -> None:
        """Keep probabilities (N, K) and the truth: (N,) class indices or (N, K) labels."""
        self.probabilities, self.labels = probabilities, labels
        self.num_classes = probabilities.shape[1]

    @property
    @abstractmethod
    def support(self) -> NDArray[np.int64]:
        """(K,) number of pictures of each."""

    @property
    @abstractmethod
    def guesses(self) -> NDArray[np.int64]:
        """(K,) number of pictures that each was predicted for."""

    @property
    @abstractmethod
    def hits(self) -> NDArray[np.int64]:
        """(K,) number of pictures that each was rightly predicted for."""

    @abstractmethod
    def _against_rest(self) -> Iterator[tuple[int, NDArray[np.bool_]]]:
        """Index and truth (N,) of each that has an area against the rest."""

    @property
    @abstractmethod
    def pooled(self) -> Areas:
        """Areas over all N * K decisions, "is it this one?", at once; NaN if undefined."""

    @abstractmethod
    def _shares(self, shares: Shares) -> NDArray[np.float64]:
        """(N,) share of every picture in the mean area weighted by support."""

    @cached_property
    def is_finite(self) -> bool:
        """True if no probability is NaN or infinite."""
        return bool(np.isfinite(self.probabilities).all())

    @cached_property
    def precisions(self) -> NDArray[np.float64]:
        """(K,) precision of each; 0 for one that was never predicted."""
        return np.asarray(self.hits / np.maximum(self.guesses, 1))

    @cached_property
    def recalls(self) -> NDArray[np.float64]:
        """(K,) recall of each; 0 for one that does not occur."""
        return np.asarray(self.hits / np.maximum(self.support, 1))

    @cached_property
    def f1_scores(self) -> NDArray[np.float64]:
        """(K,) harmonic mean of precision and recall; 0 where both are 0."""
        return np.asarray(2 * self.hits / np.maximum(self.guesses + self.support, 1))

    @property
    def areas(self) -> NDArray[np.float64]:
        """(K,) area under the ROC curve of each against the rest; NaN if undefined."""
        return self._areas[:, 0]

    @property
    def average_precisions(self) -> NDArray[np.float64]:
        """(K,) average precision of each against the rest; NaN if undefined."""
        return self._areas[:, 1]

    @cached_property
    def _areas(self) -> NDArray[np.float64]:
        """(K, 2): both, which one sort of the pictures gives."""
        values = np.full((self.num_classes, 2), np.nan)
        if self.is_finite:
            by_class = np.ascontiguousarray(self.probabilities.T)  # a column is slow to copy
            for index, truth in self._against_rest():
                values[index] = ranking_areas.areas(by_class[index], truth)
        return values

    @cached_property
    def area_shares(self) -> NDArray[np.float64]:
        """(N,) share of every picture in the mean area weighted by support."""
        return self._shares(ranking_areas.area_shares)

    @cached_property
    def precision_shares(self) -> NDArray[np.float64]:
        """(N,) share of every picture in the mean average precision weighted by support."""
        return self._shares(ranking_areas.precision_shares)
