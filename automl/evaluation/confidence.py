"""How far the probabilities can be believed, and what is gained by answering only when sure."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NUM_BINS = 10
UNLIKE_SHARE = 0.05


class Calibration(NamedTuple):
    """Pictures in bins of equal width by the probability of the answer; empty bins are left out."""

    confidence: NDArray[np.float64]
    """(B,) mean probability."""

    accuracy: NDArray[np.float64]
    """(B,) share of right answers."""

    num_pictures: NDArray[np.int64]
    """(B,)"""

    expected_error: float
    """Mean distance between the two, over the pictures (expected calibration error; Guo et al.,
    On Calibration of Modern Neural Networks, 2017)."""


class Coverage(NamedTuple):
    """What comes of answering only from a probability upwards, the surest answers first."""

    threshold: NDArray[np.float64]
    """(T,) falling: the least probability that is answered."""

    coverage: NDArray[np.float64]
    """(T,) share of the pictures that are answered."""

    accuracy: NDArray[np.float64]
    """(T,) share of right answers among them."""


def calibration(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> Calibration:
    """Of the predicted class, from probabilities (N, K) and class indices (N,)."""
    return _calibration(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels)


def unlike_below(probabilities: NDArray[np.floating]) -> float:
    """The probability of an answer that 5 % of the validation pictures, (N, K), fall below.

    A picture below it may be unlike what the model was trained on: the maximum softmax probability
    as Hendrycks and Gimpel take it (A Baseline for Detecting Misclassified and Out-of-Distribution
    Examples in Neural Networks, 2017). A baseline: a model is wrongly sure of some such pictures.
    """
    return float(np.quantile(probabilities.max(axis=1), UNLIKE_SHARE))


def class_calibration(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer], of: int
) -> Calibration:
    """Of one class against the rest: how often it is there when it is given so much."""
    return _calibration(probabilities[:, of], labels == of)


def bins(scores: NDArray[np.floating], num_bins: int) -> NDArray[np.int64]:
    """(N,) number of the bin of each score; the bins are of equal width from 0 to 1."""
    return np.minimum((scores * num_bins).astype(np.int64), num_bins - 1)


def _calibration(scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> Calibration:
    place = bins(scores, NUM_BINS)
    counts = np.bincount(place, minlength=NUM_BINS)
    used = counts > 0
    confidence = np.bincount(place, scores, NUM_BINS)[used] / counts[used]
    accuracy = np.bincount(place, truth, NUM_BINS)[used] / counts[used]
    error = float((counts[used] * np.abs(confidence - accuracy)).sum() / len(scores))
    return Calibration(confidence, accuracy, counts[used], error)


def histogram(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer], num_bins: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Right and wrong answers (B,) by their probability, in bins of equal width from 0 to 1."""
    place = bins(probabilities.max(axis=1), num_bins)
    right = probabilities.argmax(axis=1) == labels
    counts = (np.bincount(place[part], minlength=num_bins) for part in (right, ~right))
    first, second = (count.astype(np.int64) for count in counts)
    return first, second


def coverage(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> Coverage:
    """One entry for every distinct probability of an answer."""
    confidence = probabilities.max(axis=1).astype(np.float64)
    order = np.argsort(-confidence, kind="stable")
    ends = np.flatnonzero(np.diff(confidence[order], append=-np.inf))
    right = np.cumsum((probabilities.argmax(axis=1) == labels)[order])[ends]
    return Coverage(confidence[order][ends], (ends + 1) / len(labels), right / (ends + 1))


def answered(found: Coverage, threshold: float) -> tuple[float, float]:
    """Coverage and accuracy at a threshold; accuracy is NaN where nothing is answered."""
    count = int(np.searchsorted(-found.threshold, -threshold, side="right"))
    if count == 0:
        return 0.0, float("nan")
    return float(found.coverage[count - 1]), float(found.accuracy[count - 1])
