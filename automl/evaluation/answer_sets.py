"""Sets of classes that contain the right one with a chosen probability (conformal prediction).

The score of a class is the probability of all classes that are at least as probable, plus a
penalty for its rank: regularised adaptive prediction sets (Angelopoulos et al., Uncertainty Sets
for Image Classifiers using Conformal Prediction, 2021), without their random part, so that a
picture always has the same set. Sets then cover the right class more often than asked for
(`benchmarks/answer_sets.py`).
"""

import math

import numpy as np
from numpy.typing import NDArray

from automl.errors import PredictionError

_PENALTY = 0.01
_FREE_RANKS = 2
_MAX_KEPT = 2_000


def calibration(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Scores of the right classes, in ascending order, of at most 2,000 of the pictures.

    Args:
        probabilities: (N, K) for pictures that the model has not seen.
        labels: class indices (N,).
    """
    chosen = np.random.default_rng(0).permutation(len(labels))[:_MAX_KEPT]
    scores = _scores(probabilities[chosen])
    return np.sort(scores[np.arange(len(chosen)), labels[chosen]])


def limit(calibrated: NDArray[np.float64], coverage: float) -> float:
    """The highest score of a class in a set, from the scores of `calibration`.

    Raises:
        PredictionError: so few pictures guarantee no such coverage.
    """
    count = len(calibrated)
    rank = math.ceil((count + 1) * coverage)
    if rank > count:
        most = math.floor(1000 * count / (count + 1)) / 1000
        raise PredictionError(
            f"coverage is {coverage:g}, and the {count:,} pictures that this model was scored on "
            f"can guarantee at most {most:g}. Ask for less, or score it on more pictures."
        )
    return float(calibrated[rank - 1])


def members(probabilities: NDArray[np.floating], limit: float) -> NDArray[np.int64]:
    """Indices of the classes in the set of one picture (K,), the most probable first."""
    order = np.argsort(-probabilities, kind="stable")
    scores = _scores(probabilities[None])[0][order]
    kept: NDArray[np.int64] = order[: max(1, int((scores <= limit).sum()))]
    return kept


def _scores(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """(N, K) score of each class of each picture; it rises with the rank of the class."""
    order = np.argsort(-probabilities, axis=1, kind="stable")
    sums = np.cumsum(np.take_along_axis(probabilities, order, axis=1), axis=1, dtype=np.float64)
    ranks = np.arange(1, probabilities.shape[1] + 1)
    sums = sums.round(6) + _PENALTY * np.maximum(0, ranks - _FREE_RANKS)
    scores: NDArray[np.float64] = np.empty_like(sums)
    np.put_along_axis(scores, order, sums, axis=1)
    return scores
