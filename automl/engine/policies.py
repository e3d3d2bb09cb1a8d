"""Early-termination policies: which trial is stopped, and by which numbers. Pure functions.

A policy is applied each time a trial has been scored for the n-th time. `scores` holds all scores
of every trial in the order of its evaluations; a trial with fewer than n counts with those it has,
whether it is late, stopped or done. All metrics are maximised, and NaN is worse than any number.
The rules are those of Azure's documentation ("Tune hyperparameters", early termination); the median
rule is that of Golovin et al. 2017 ("Google Vizier"), ASHA that of Li et al. 2020 ("A System for
Massively Parallel Hyperparameter Tuning") as in Ray Tune's `ASHAScheduler`.
"""

import math
from collections.abc import Mapping, Sequence

from automl.jobs.sweep import Asha, Bandit, MedianStopping, Policy, TruncationSelection
from automl.texts import mark

Scores = Mapping[str, Sequence[float]]
"""Scores of every trial that has any, by trial id."""


def reason_to_stop(
    policy: Policy,
    metric: str,
    scores: Scores,
    trial_id: str,
) -> str | None:
    """Return the reason to stop the trial after its latest score; None if it may go on."""
    if isinstance(policy, Asha):
        return _asha(policy, metric, scores, trial_id)
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
    factor, amount = policy.slack_factor, policy.slack_amount
    divided = mark("the best trial's {best} divided by 1 + {slack}")
    less = mark("the best trial's {best} less {slack}")
    limits = {
        divided.format(best=_text(best), slack=f"{factor:g}"): best / (1 + factor),
        less.format(best=_text(best), slack=f"{amount:g}"): best - amount,
    }
    allowed, limit = min(limits.items(), key=lambda item: item[1])
    if own >= limit:
        return None
    return mark(
        "Stopped by the bandit policy at evaluation {count}: best {metric} {own} is below {limit}, "
        "{allowed}."
    ).format(count=n, metric=metric, own=_text(own), limit=_text(limit), allowed=allowed)


def _median(metric: str, scores: Scores, trial_id: str) -> str | None:
    n = len(scores[trial_id])
    own = _best(scores[trial_id])
    averages = [_mean(values[:n]) for values in scores.values()]
    limit = _limit(averages, 1 / 2, own)
    if own >= limit:
        return None
    return mark(
        "Stopped by median stopping at evaluation {count}: best {metric} {own} is below {limit}, "
        "the median of {trials} trials' means up to there."
    ).format(count=n, metric=metric, own=_text(own), limit=_text(limit), trials=len(averages))


def _truncation(
    policy: TruncationSelection, metric: str, scores: Scores, trial_id: str
) -> str | None:
    n = len(scores[trial_id])
    latest = [_number(values[:n][-1]) for values in scores.values()]
    own = _number(scores[trial_id][-1])
    num_stopped = len(latest) * policy.truncation_percentage // 100
    # trials with equal scores at the limit are all spared
    if sum(value <= own for value in latest) > num_stopped:
        return None
    return mark(
        "Stopped by truncation selection at evaluation {count}: {metric} {own} is among the "
        "lowest {lowest} of {trials} trials ({percent} %)."
    ).format(
        count=n,
        metric=metric,
        own=_text(own),
        lowest=num_stopped,
        trials=len(latest),
        percent=policy.truncation_percentage,
    )


def _asha(policy: Asha, metric: str, scores: Scores, trial_id: str) -> str | None:
    n = len(scores[trial_id])
    if not _is_rung(policy, n):
        return None
    own = _number(scores[trial_id][-1])
    others = [
        _number(values[n - 1])
        for name, values in scores.items()
        if name != trial_id and len(values) >= n
    ]
    if not others:
        return None
    cutoff = _limit(others, 1 - 1 / policy.reduction_factor, own)
    if own >= cutoff:
        return None
    return mark(
        "Stopped by ASHA at evaluation {count}: {metric} {own} is below {limit}, what the best 1 "
        "in {factor} trials had there."
    ).format(
        count=n,
        metric=metric,
        own=_text(own),
        limit=_text(cutoff),
        factor=f"{policy.reduction_factor:g}",
    )


def _is_rung(policy: Asha, n: int) -> bool:
    """True if n is the delay times a power of the reduction factor, rounded up."""
    rung = float(policy.delay_evaluation)
    while math.ceil(rung) < n:
        rung *= policy.reduction_factor
    return math.ceil(rung) == n


def _limit(values: Sequence[float], share: float, own: float) -> float:
    """Quantile of the values with linear interpolation, as in `numpy.percentile`.

    Between NaN and a number nothing can be interpolated. There a trial with NaN has to reach the
    number, and a trial with a number is above the limit.
    """
    ordered = sorted(values)
    below, part = divmod(share * (len(ordered) - 1), 1)
    low = ordered[int(below)]
    if part == 0:
        return low
    high = ordered[int(below) + 1]
    if math.isinf(low):
        return high if math.isinf(own) else low
    return low + part * (high - low)


def _mean(values: Sequence[float]) -> float:
    # statistics.mean is exact but fifty times slower, too slow for a thousand trials
    return math.fsum(_number(value) for value in values) / len(values)


def _best(values: Sequence[float]) -> float:
    return max(_number(value) for value in values)


def _number(score: float) -> float:
    """The score, with minus infinity for NaN: Python orders NaN neither below nor above."""
    return -math.inf if math.isnan(score) else score


def _text(number: float) -> str:
    return "NaN" if math.isinf(number) else f"{number:.4g}"
