"""Sets of classes that contain the right one with a chosen probability (conformal prediction).

A class is in the set if its probability reaches a limit, which gives the smallest sets (Sadinle,
Lei and Wasserman, Least Ambiguous Set-Valued Classifiers with Bounded Error Levels, 2019). The most
probable class is always in it.

The limit is that of the pictures that calibrate, with room for the chance of which pictures these
are: of a model that has not seen them, the sets cover less than is asked for in one of twenty draws
at most (Vovk, Conditional Validity of Inductive Conformal Predictors, 2012). Out of fold, models
answer that have seen fewer pictures than the one that is handed out, and that are less sure:
without this room, less would be covered even in the mean of many draws
(`benchmarks/answer_sets.py`).
"""

import math

import numpy as np
from numpy.typing import NDArray

from automl.errors import PredictionError

_RISK = 0.05
"""Probability of pictures that calibrate so badly that less is covered than is asked for."""

_MAX_KEPT = 2_000
_NUM_DIGITS = 6


def calibration(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Probabilities of the right classes, in descending order, of at most 2,000 of the pictures.

    Args:
        probabilities: (N, K) for pictures that the model has not seen.
        labels: class indices (N,).
    """
    chosen = np.random.default_rng(0).permutation(len(labels))[:_MAX_KEPT]
    right = probabilities[chosen, labels[chosen]].astype(np.float64)
    return np.sort(right.round(_NUM_DIGITS))[::-1]


def limit(calibrated: NDArray[np.float64], coverage: float) -> float:
    """The least probability of a class in a set, from the probabilities of `calibration`.

    Raises:
        PredictionError: so few pictures guarantee no such coverage.
    """
    count = len(calibrated)
    rank = _rank(count, coverage)
    if rank > count:
        most = math.floor(1000 * _RISK ** (1 / count)) / 1000 if count else 0
        raise PredictionError(
            f"coverage is {coverage:g}, and the {count:,} pictures that this model was scored on "
            f"can guarantee at most {most:g}. Ask for less, or score it on more pictures."
        )
    return float(calibrated[rank - 1])


def _rank(count: int, coverage: float) -> int:
    """The least rank, from 1, of a limit that covers too little no more often than the risk.

    The coverage of a limit follows a beta distribution: it is less than asked for as often as, of
    so many pictures that are covered with the probability asked for, at least the rank are.
    """
    log_in, log_out = math.log(coverage), math.log1p(-coverage)
    chance = 0.0
    for inside in range(count, -1, -1):
        ways = math.lgamma(count + 1) - math.lgamma(inside + 1) - math.lgamma(count - inside + 1)
        chance += math.exp(ways + inside * log_in + (count - inside) * log_out)
        if chance > _RISK:
            return inside + 1
    return 1


def members(probabilities: NDArray[np.floating], limit: float) -> NDArray[np.int64]:
    """Indices of the classes in the set of one picture (K,), the most probable first."""
    order = np.argsort(-probabilities, kind="stable")
    is_kept = probabilities[order].astype(np.float64).round(_NUM_DIGITS) >= limit
    kept: NDArray[np.int64] = order[: max(1, int(is_kept.sum()))]
    return kept
