"""Confidence interval of a score over the pictures it was measured on."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from automl.evaluation import decisions, metrics

MIN_DEFINED_SHARE = 0.5
"""Share of the resamples in which a score must be defined. A resample without a class has no area
under its ROC curve; the rest of the resamples would describe other data if they were few."""

_MANY_PROBABILITIES = 20_000
"""For more, 1,000 resamples that sort the probabilities take too long."""

_MANY_PICTURES = 100_000
_MOST_SORTED = 200_000_000
"""Probabilities that all resamples sort, which takes five seconds; the engine waits for them."""

_LEAST_RESAMPLES = 25


def bootstrap_interval(
    name: str,
    probabilities: NDArray[np.floating],
    labels: NDArray[np.integer],
    members: NDArray[np.integer] | None = None,
    *,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % percentile bootstrap interval of a primary metric over the groups of the pictures.

    1,000 resamples, or 100 for more than 20,000 probabilities (of accuracy, for more than 100,000
    pictures in groups), and down to 25 for more than 2,000,000 probabilities. If all answers are
    right, or all wrong, every resample has the same score; the interval is then the exact one
    (Clopper and Pearson, 1934) of as many groups for accuracy, and (NaN, NaN) for other metrics. It
    is also (NaN, NaN) if the score is undefined in more than half of the resamples.
    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.

    Args:
        name: key of the metric.
        probabilities: (N, K).
        labels: class indices (N,), or the labels of each picture (N, K).
        members: (N,) group of each picture, from 0; each is alone if left out.
        seed: of the resamples.
    """
    rng = np.random.default_rng(seed)
    members = np.arange(len(labels)) if members is None else members
    if name == "accuracy":
        is_right = decisions.is_right(probabilities, labels)
        least = 0.025 ** (1 / _number(members))
        if is_right.all():
            return least, 1.0
        if not is_right.any():
            return 0.0, 1 - least
        scores = _accuracies(is_right, members, rng)
    else:
        draws = _draws(members, _num_resamples(probabilities.size), rng)
        scores = np.array(
            [metrics.primary(name, probabilities[draw], labels[draw]) for draw in draws]
        )
    defined = scores[~np.isnan(scores)]
    if len(defined) < MIN_DEFINED_SHARE * len(scores):
        return float("nan"), float("nan")
    low, high = np.percentile(defined, [2.5, 97.5])
    return (float(low), float(high)) if low < high else (float("nan"), float("nan"))


def _num_resamples(num_probabilities: int) -> int:
    if num_probabilities <= _MANY_PROBABILITIES:
        return 1000
    return num_affordable(100, num_probabilities, _MOST_SORTED)


def num_affordable(wanted: int, work: int, most_work: int) -> int:
    """Number of resamples that together are at most so much work, but at least 25.

    Args:
        wanted: number that is enough.
        work: of one resample, in any unit.
        most_work: of all resamples together.
    """
    return min(wanted, max(_LEAST_RESAMPLES, most_work // work))


def _accuracies(
    is_right: NDArray[np.bool_], members: NDArray[np.integer], rng: np.random.Generator
) -> NDArray[np.float64]:
    """(B,) shares of right answers in resamples."""
    num_pictures = len(is_right)
    if _number(members) == num_pictures:  # then they follow a known distribution
        return rng.binomial(num_pictures, is_right.mean(), size=1000) / num_pictures
    count = 100 if num_pictures > _MANY_PICTURES else 1000
    return np.array([is_right[draw].mean() for draw in _draws(members, count, rng)])


def _draws(
    members: NDArray[np.integer], count: int, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Positions of the pictures in so many resamples of the groups."""
    num_pictures, num_groups = len(members), _number(members)
    for _ in range(count):
        drawn = rng.integers(num_groups, size=num_groups)
        if num_groups < num_pictures:
            times = np.bincount(drawn, minlength=num_groups)
            drawn = np.repeat(np.arange(num_pictures), times[members])
        yield drawn


def _number(members: NDArray[np.integer]) -> int:
    return int(members.max(initial=-1)) + 1
