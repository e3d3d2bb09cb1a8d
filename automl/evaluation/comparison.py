"""Trials against each other on the same pictures: which are tied, how lucky the best one was."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl.evaluation import metrics

_NUM_RESAMPLES = 1000
_NUM_SLOW_RESAMPLES = 100


class Selection(NamedTuple):
    """What choosing the best of several does to its score."""

    score: float
    """Of the best trial on the pictures it was chosen by."""

    corrected_score: float
    """What is to be expected of a trial chosen so on other pictures."""


def p_value_of_difference(
    metric: str,
    one: NDArray[np.floating],
    other: NDArray[np.floating],
    labels: NDArray[np.integer],
    *,
    seed: int = 0,
) -> float:
    """How likely so great a difference in a primary metric is between equally good trials.

    Accuracy: the exact test of McNemar (1947) on the pictures that only one of the two gets
    right. Other metrics: paired bootstrap over the pictures (Efron and Tibshirani, 1993), whose
    least answer is 0.02.

    Args:
        metric: key of a primary metric.
        one: probabilities (N, K) of a trial.
        other: probabilities (N, K) of another trial for the same pictures.
        labels: class indices (N,).
        seed: of the resampling.
    """
    if metric == "accuracy":
        from scipy.special import bdtr

        right_1, right_2 = one.argmax(axis=1) == labels, other.argmax(axis=1) == labels
        only_1, only_2 = int((right_1 & ~right_2).sum()), int((right_2 & ~right_1).sum())
        # half of the pictures that tell the two apart, if they were equally good; twice the tail
        return min(1.0, 2 * float(bdtr(min(only_1, only_2), only_1 + only_2, 0.5)))
    rng = np.random.default_rng(seed)
    score = _scorer(metric, [one, other], labels)
    draws = (rng.integers(len(labels), size=len(labels)) for _ in range(_NUM_SLOW_RESAMPLES))
    differences = np.array([score(0, draw) - score(1, draw) for draw in draws])
    least = min((differences <= 0).mean(), (differences >= 0).mean())
    return float(np.clip(2 * least, 2 / _NUM_SLOW_RESAMPLES, 1.0))


def selection(
    metric: str,
    probabilities: Sequence[NDArray[np.floating]],
    labels: NDArray[np.integer],
    *,
    seed: int = 0,
) -> Selection:
    """How much the best of several trials owes to having been chosen.

    Again and again the best trial is chosen on pictures drawn with replacement. By how much its
    score on these exceeds the one on the pictures that were not drawn is what choosing flatters,
    and is taken off: the correction of Tibshirani and Tibshirani (A bias correction for the
    minimum error rate in cross-validation, 2009) with the bootstrap in the place of the folds.

    Args:
        metric: key of a primary metric.
        probabilities: (N, K) of each trial, for the same pictures.
        labels: class indices (N,).
        seed: of the resampling.
    """
    rng = np.random.default_rng(seed)
    trials, everything = range(len(probabilities)), np.arange(len(labels))
    score = _scorer(metric, probabilities, labels)
    flattery = []
    for _ in range(_NUM_RESAMPLES if metric == "accuracy" else _NUM_SLOW_RESAMPLES):
        drawn = rng.integers(len(labels), size=len(labels))
        left = np.setdiff1d(everything, drawn)
        scores = [score(trial, drawn) for trial in trials]
        if len(left):
            chosen = int(np.argmax(scores))
            flattery.append(scores[chosen] - score(chosen, left))
    best = max(score(trial, everything) for trial in trials)
    excess = float(np.nanmean(flattery)) if flattery else 0.0
    return Selection(best, best - max(0.0, excess))


def _scorer(
    metric: str, probabilities: Sequence[NDArray[np.floating]], labels: NDArray[np.integer]
) -> Callable[[int, NDArray[np.integer]], float]:
    """From the number of a trial and positions of pictures to its score on these."""
    if metric == "accuracy":  # what is right needs to be found out only once
        right = [each.argmax(axis=1) == labels for each in probabilities]
        return lambda trial, positions: float(right[trial][positions].mean())
    return lambda trial, positions: metrics.primary(
        metric, probabilities[trial][positions], labels[positions]
    )
