"""The trial to hand out, and the score to expect of its model on new pictures. Pure.

`python -m benchmarks.expected_score` measures both on many pictures that were left out, and the
constants below are from there.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl.evaluation import significance
from automl.evaluation.comparable_scores import Comparison
from automl.evaluation.picture_groups import Groups

MIN_PICTURES = 20
"""With fewer answers the interval would be up to half of the scale wide."""

_VARIANCE_FACTOR = 1.5
_QUANTILE = 1.96


class ExpectedScore(NamedTuple):
    """Score to expect on new pictures of the model that is handed out."""

    trial_id: str
    score: float
    low: float
    high: float
    """95 % interval."""

    num_pictures: int
    """Number of pictures that the trial answered for."""

    num_trials: int
    """Number of trials that it was chosen from."""


def choose(comparison: Comparison) -> int:
    """Index of the trial to hand out, the first of `tied`."""
    return tied(comparison)[0]


def tied(comparison: Comparison, groups: Groups | None = None) -> list[int]:
    """Indices of the trials with the best score, the one to hand out first, then by cost.

    From the cheapest on, one takes the place of the one before if its loss is lower beyond noise:
    the loss of few pictures tells more than their right and wrong answers. Only equal scores are
    tied here. A cheap model that is not significantly worse than the best one is usually worse, and
    handing it out would lose score.
    """
    scores, rows = comparison.scores, comparison.rows
    best = np.flatnonzero(scores == scores.max()).tolist()
    by_cost: list[int] = sorted(best, key=lambda index: rows[index].cost)
    first = by_cost[0]
    for other in by_cost[1:]:
        if significance.is_less_wrong(rows[other].as_shown, rows[first].as_shown, groups):
            first = other
    return [first, *(index for index in by_cost if index != first)]


def expected_score(
    comparison: Comparison, chosen: int, ranked: Comparison | None = None
) -> ExpectedScore | None:
    """Score to expect of the model of a trial that was chosen by these scores.

    The best of several scores is too high. So in every bootstrap resample the best trial is chosen
    again, and its score is taken from the pictures that were not drawn: Bootstrap Bias Corrected
    Cross-Validation (Tsamardinos, Greasidou and Borboudakis, Bootstrapping the Out-of-sample
    Predictions for Efficient and Accurate Cross-Validation, 2018). The score on the pictures not
    drawn is replaced by its expectation, as far below the score on all pictures as that on the
    drawn ones is above it, which is defined for any metric and number of pictures.

    Like a share with the prior of Jeffreys it is drawn towards the middle by one picture.

    The interval is that of Wilson (1927) for as many independent pictures as give the bootstrap
    variance of the chosen trial's score. They are fewer by a factor, because models of different
    folds share training pictures (Nadeau and Bengio, Inference for the Generalization Error, 2003;
    Bates, Hastie and Tibshirani, Cross-Validation: What Does It Estimate and How Well Does It Do
    It?, 2021).

    Args:
        comparison: the trials it was chosen from.
        chosen: index of the trial, from `choose`.
        ranked: the same trials by the scores that they are chosen by, if those are others.

    Returns:
        None if the trial has answered for fewer than `MIN_PICTURES` pictures.
    """
    row, scores, resampled = comparison.rows[chosen], comparison.scores, comparison.resampled
    num_pictures = len(row.predictions.labels)
    if num_pictures < MIN_PICTURES:
        return None
    best = (ranked or comparison).resampled.argmax(axis=1)
    highest = resampled[np.arange(len(best)), best]
    num_groups = int(comparison.num_groups[chosen])
    number = _independent_pictures(scores[chosen], resampled[:, chosen], num_groups)
    unbiased = min(1.0, float(np.mean(2 * scores[best] - highest)))
    score = (number * unbiased + 0.5) / (number + 1)
    low, high = wilson_interval(unbiased, number)
    high = max(high, scores[chosen])  # luck may have had no part in it
    return ExpectedScore(
        row.trial_id, float(score), float(low), float(high), num_pictures, len(scores)
    )


def _independent_pictures(score: float, resampled: NDArray[np.float64], num_groups: int) -> float:
    """Number of independent right or wrong answers with the variance of a score."""
    variance = float(resampled.var())
    binomial = score * (1 - score)
    number = binomial / variance if variance > 0 and binomial > 0 else num_groups
    return number / _VARIANCE_FACTOR


def wilson_interval(score: float, number: float) -> tuple[float, float]:
    """95 % interval of a score of at most 1; one below 0, worse than chance, is its lower end."""
    share = max(score, 0.0)
    weight = _QUANTILE**2 / number
    middle = (share + weight / 2) / (1 + weight)
    half = _QUANTILE * (share * (1 - share) / number + weight / (4 * number)) ** 0.5 / (1 + weight)
    return min(score, max(0.0, middle - half)), max(score, min(1.0, middle + half))
