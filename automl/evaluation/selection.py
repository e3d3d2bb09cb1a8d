"""Bias of the best score of several trials: it is too high because the trial was chosen by it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl.evaluation import metrics
from automl.evaluation.intervals import MIN_DEFINED_SHARE

_NUM_RESAMPLES = 1000
_NUM_SLOW_RESAMPLES = 100


class Selection(NamedTuple):
    """The best score, and the score to expect on other pictures."""

    score: float
    """Score of the best trial on the pictures it was chosen by."""

    corrected_score: float
    """Expected score, on other pictures, of a trial chosen in this way."""


def selection(
    metric: str,
    probabilities: Sequence[NDArray[np.floating]],
    labels: NDArray[np.integer],
    *,
    seed: int = 0,
) -> Selection | None:
    """Estimate how much the best score owes to having been chosen.

    In every bootstrap resample the best trial is chosen on the drawn pictures and scored on those
    that were not drawn. The mean difference of the two scores is the bias, which is subtracted:
    the correction of Tibshirani and Tibshirani (A bias correction for the minimum error rate in
    cross-validation, 2009) with bootstrap resamples instead of folds.

    Args:
        metric: key of a primary metric.
        probabilities: (N, K) of each trial, for the same pictures.
        labels: class indices (N,).
        seed: of the resampling.

    Returns:
        None if fewer than two trials have a score, or if scores are undefined (NaN) in more than
        half of the resamples. Trials without a score are left out.
    """
    rng = np.random.default_rng(seed)
    score = _scorer(metric, probabilities, labels)
    everything = np.arange(len(labels))
    whole = np.array([score(trial, everything) for trial in range(len(probabilities))])
    scored = np.flatnonzero(~np.isnan(whole))
    if len(scored) < 2:
        return None
    num_resamples = _NUM_RESAMPLES if metric == "accuracy" else _NUM_SLOW_RESAMPLES
    excesses = []
    for _ in range(num_resamples):
        drawn = rng.integers(len(labels), size=len(labels))
        left = np.setdiff1d(everything, drawn)
        scores = np.array([score(trial, drawn) for trial in scored.tolist()])
        if len(left) and not np.isnan(scores).any():
            best = int(np.argmax(scores))
            excesses.append(scores[best] - score(int(scored[best]), left))
    defined = np.array(excesses, dtype=np.float64)
    defined = defined[~np.isnan(defined)]
    if len(defined) < MIN_DEFINED_SHARE * num_resamples:
        return None
    highest = float(whole[scored].max())
    return Selection(highest, highest - max(0.0, float(defined.mean())))


def _scorer(
    metric: str, probabilities: Sequence[NDArray[np.floating]], labels: NDArray[np.integer]
) -> Callable[[int, NDArray[np.integer]], float]:
    """Return a function from the index of a trial and positions of pictures to a score."""
    if metric == "accuracy":  # the right answers are determined once, not in every resample
        right = [each.argmax(axis=1) == labels for each in probabilities]
        return lambda trial, positions: float(right[trial][positions].mean())
    return lambda trial, positions: metrics.primary(
        metric, probabilities[trial][positions], labels[positions]
    )
