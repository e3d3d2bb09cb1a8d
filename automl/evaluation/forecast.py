"""Forecast of what further trials would gain, from the scores of those that have ended. Pure."""

import math
from collections.abc import Sequence

import numpy as np

MIN_SCORES = 3
"""With fewer scores nothing is forecast: their spread is not known."""

_HIGHEST = 1.0
"""Largest value of every primary metric."""

_NUM_STEPS = 1000
_SHARE_OF_ERROR, _LEAST_GAIN = 0.1, 0.002


def expected_gain(scores: Sequence[float], best: float, num_further: int) -> float | None:
    """Expected improvement of the best score by further trials.

    Each of them is a draw from the predictive distribution of a normal sample, Student's t
    (Geisser, Predictive Inference, 1993), and the gain is that of the highest of them over the
    best score, cut at 1. A search that learns gets better: its mean is that of all scores or of
    the later half, whichever is higher. Learning curves are not extrapolated as by Domhan et al.
    (2015) or Adriaensen et al. (2023): a trial that runs counts as a further one.

    Args:
        scores: scores of comparable trials that have ended, in their order.
        best: best score of all trials.
        num_further: number of trials that still fit into the time.

    Returns:
        None with fewer than `MIN_SCORES` scores, unless the best is the highest there can be.
    """
    if best >= _HIGHEST or num_further < 1:
        return 0.0
    if len(scores) < MIN_SCORES:
        return None
    from scipy.special import stdtr  # scipy.stats takes a second to import

    values = np.asarray(scores)
    number = len(values)
    mean = max(values.mean(), values[number // 2 :].mean())
    spread = values.std(ddof=1) * math.sqrt(1 + 1 / number)
    if spread == 0:
        return max(0.0, float(mean) - best)
    levels = np.linspace(best, _HIGHEST, _NUM_STEPS)
    stays_below = stdtr(number - 1, (levels - mean) / spread) ** num_further
    return float(np.trapezoid(1 - stays_below, levels))


def is_lost_in_noise(gain: float, standard_error: float) -> bool:
    """True if a gain is below a tenth of the standard error of the best score and 0.2 points.

    A best score without any error, as of a model that has all pictures right, has no noise: only
    the points count.
    """
    return gain < _LEAST_GAIN and (standard_error == 0 or gain < _SHARE_OF_ERROR * standard_error)
