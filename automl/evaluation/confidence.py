"""Calibration of the probabilities, and accuracy when only confident answers are given."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl.evaluation import decisions
from automl.evaluation.decisions import Labels

NUM_BINS = 10


class Calibration(NamedTuple):
    """Pictures in `NUM_BINS` bins of equal width by probability; empty bins are left out."""

    bin_numbers: NDArray[np.int64]
    """(B,) number of the bin, as `bins` counts them. A mean probability does not tell the bin:
    rounding may move it across an edge."""

    confidence: NDArray[np.float64]
    """(B,) mean probability."""

    accuracy: NDArray[np.float64]
    """(B,) share of right answers."""

    num_pictures: NDArray[np.int64]
    """(B,)"""

    expected_error: float
    """Mean distance between confidence and accuracy over the pictures (expected calibration error;
    Guo et al., On Calibration of Modern Neural Networks, 2017)."""


class Coverage(NamedTuple):
    """Accuracy of the answers above a threshold, for every threshold that makes a difference."""

    threshold: NDArray[np.float64]
    """(T,) falling: the least probability of an answer that is given."""

    coverage: NDArray[np.float64]
    """(T,) share of the pictures with an answer."""

    accuracy: NDArray[np.float64]
    """(T,) share of right answers among those given."""


def calibration(probabilities: NDArray[np.floating], labels: Labels) -> Calibration:
    """Compare the probability of the predicted class with how often it is right.

    Of label sets the probability of every label of every picture is compared with how often the
    label is there.

    Args:
        probabilities: (N, K).
        labels: class indices (N,), or the labels of each picture (N, K).
    """
    if labels.ndim == 2:
        return _calibration(probabilities.ravel(), labels.ravel())
    certainty = decisions.certainty(probabilities, labels)
    return _calibration(certainty, decisions.is_right(probabilities, labels))


def class_calibration(
    probabilities: NDArray[np.floating], labels: Labels, class_index: int
) -> Calibration:
    """One class against the rest: observed frequency per bin of its predicted probability.

    Args:
        probabilities: (N, K).
        labels: class indices (N,), or the labels of each picture (N, K).
        class_index: of the class.
    """
    truth = labels[:, class_index] if labels.ndim == 2 else labels == class_index
    return _calibration(probabilities[:, class_index], truth)


def bins(scores: NDArray[np.floating], num_bins: int) -> NDArray[np.int64]:
    """Return the number of the bin (N,) of each score; bins have equal width from 0 to 1."""
    return np.minimum((scores * num_bins).astype(np.int64), num_bins - 1)


def _calibration(scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> Calibration:
    numbers = bins(scores, NUM_BINS)
    counts = np.bincount(numbers, minlength=NUM_BINS)
    used = np.flatnonzero(counts)
    confidence = np.bincount(numbers, scores, NUM_BINS)[used] / counts[used]
    accuracy = np.bincount(numbers, truth, NUM_BINS)[used] / counts[used]
    error = float((counts[used] * np.abs(confidence - accuracy)).sum() / len(scores))
    return Calibration(used, confidence, accuracy, counts[used], error)


def histogram(
    probabilities: NDArray[np.floating], labels: Labels, num_bins: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count right and wrong answers (B,) by their probability, in bins of equal width."""
    numbers = bins(decisions.certainty(probabilities, labels), num_bins)
    is_right = decisions.is_right(probabilities, labels)
    num_right = np.bincount(numbers[is_right], minlength=num_bins).astype(np.int64)
    num_wrong = np.bincount(numbers[~is_right], minlength=num_bins).astype(np.int64)
    return num_right, num_wrong


def coverage(probabilities: NDArray[np.floating], labels: Labels) -> Coverage:
    """Compute coverage and accuracy at every distinct probability of an answer.

    Args:
        probabilities: (N, K).
        labels: class indices (N,), or the labels of each picture (N, K).
    """
    confidence = decisions.certainty(probabilities, labels).astype(np.float64)
    order = np.argsort(-confidence, kind="stable")
    ends = np.flatnonzero(np.diff(confidence[order], append=-np.inf))
    right = np.cumsum(decisions.is_right(probabilities, labels)[order])[ends]
    return Coverage(confidence[order][ends], (ends + 1) / len(labels), right / (ends + 1))


def answered(coverage: Coverage, threshold: float) -> tuple[float, float]:
    """Return share of pictures answered, and accuracy, at a threshold; NaN if none is answered."""
    count = int(np.searchsorted(-coverage.threshold, -threshold, side="right"))
    if count == 0:
        return 0.0, float("nan")
    return float(coverage.coverage[count - 1]), float(coverage.accuracy[count - 1])
