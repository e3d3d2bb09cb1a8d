"""Early-termination policies: which trial falls behind the others, and by which numbers. Pure.

A policy looks at a trial each time it has been scored for the n-th time. `scores` holds what
every trial has scored so far, in the order of its evaluations; a trial with fewer than n of them
counts with those it has, whether it is late, stopped or done. All metrics are maximised, and a
score that is no number is worse than any other. The rules are those of Azure's documentation
("Tune hyperparameters", early termination), the median's after Golovin et al. 2017 ("Google
Vizier"), ASHA's as in Ray Tune's `ASHAScheduler`.
"""

import math
from collections.abc import Mapping, Sequence
from statistics import median

import numpy as np

from automl.jobs.sweep import Asha, Bandit, MedianStopping, TruncationSelection

Scores = Mapping[str, Sequence[float]]
"""Scores of every trial that has any, by trial id."""


def reason_to_stop(
    policy: Bandit | MedianStopping | TruncationSelection,
    metric: str,
    scores: Scores,
    trial_id: str,
) -> str | None:
    """Why the policy ends the trial after its latest score; None while it may go on."""
    if not policy.is_due(len(scores[trial_id])):
        return None
    if isinstance(policy, Bandit):
        return _bandit(policy, metric, scores, trial_id)
    if isinstance(policy, MedianStopping):
        return _median(metric, scores, trial_id)
    return _truncation(policy, metric, scores, trial_id)


def _bandit(policy: Bandit, metric: str, scores: Scores, trial_id: str) -> str | None:
    n = len(scores[trial_id])
    own = _best(scores[trial_id])
    best = max(_best(values[:n]) for values in scores.values())
    limits = {
        f"the best trial's {best:.4g} divided by 1 + {policy.slack_factor:g}": best
        / (1 + policy.slack_factor),
        f"the best trial's {best:.4g} less {policy.slack_amount:g}": best - policy.slack_amount,
    }
    allowed, limit = min(limits.items(), key=lambda item: item[1])
    if own >= limit:
        return None
    return (
        f"Stopped by the bandit policy at evaluation {n}: best {metric} {own:.4g} is below "
        f"{limit:.4g}, {allowed}."
    )


def _median(metric: str, scores: Scores, trial_id: str) -> str | None:
    n = len(scores[trial_id])
    own = _best(scores[trial_id])
    averages = [_mean(values[:n]) for values in scores.values()]
    limit = median(averages)
    if own >= limit:
        return None
    return (
        f"Stopped by median stopping at evaluation {n}: best {metric} {own:.4g} is below "
        f"{limit:.4g}, the median of {len(averages)} trials' means up to there."
    )


def _truncation(
    policy: TruncationSelection, metric: str, scores: Scores, trial_id: str
) -> str | None:
    n = len(scores[trial_id])
    there = [_number(values[:n][-1]) for values in scores.values()]
    own = _number(scores[trial_id][-1])
    num_stopped = len(there) * policy.truncation_percentage // 100
    # of equals at the limit none is stopped
    if sum(value <= own for value in there) > num_stopped:
        return None
    return (
        f"Stopped by truncation selection at evaluation {n}: {metric} {own:.4g} is among the "
        f"lowest {num_stopped} of {len(there)} trials ({policy.truncation_percentage} %)."
    )


def rung_cutoff(policy: Asha, scores: Scores, trial_id: str) -> float:
    """What a trial had to score to go on from its rung, after the others that were there."""
    n = len(scores[trial_id])
    others = [
        values[n - 1] for name, values in scores.items() if name != trial_id and len(values) >= n
    ]
    return float(np.nanpercentile(others, (1 - 1 / policy.reduction_factor) * 100))


def _mean(values: Sequence[float]) -> float:
    # statistics.mean is exact and fifty times slower, which counts with a thousand trials
    return math.fsum(_number(value) for value in values) / len(values)


def _best(values: Sequence[float]) -> float:
    return max(_number(value) for value in values)


def _number(score: float) -> float:
    return -math.inf if math.isnan(score) else score
