"""Tests of differences between trials that answered for the same pictures.

All tests of scores share one idea. A metric splits the difference between two trials into one
contribution for each picture (`Metric.differences`). If the two are equally good, swapping their
answers for a picture is as likely as not, and changes the sign of its contribution. So random
signs give the differences that occur by chance: the paired randomisation test (Fisher, 1935). For
accuracy and recall the contributions add up exactly; for the area under the ROC curve and average
precision they are the linear part of the difference, as in DeLong, DeLong and Clarke-Pearson
(1988) and in the randomisation test of Bandos, Rockette and Gur (2005).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from automl.evaluation import metrics, picture_groups
from automl.evaluation.answers import losses
from automl.evaluation.picture_groups import Groups
from automl.evaluation.predictions import Predictions, in_common

if TYPE_CHECKING:
    from automl.evaluation.scored_answers import ScoredAnswers
    from automl.evaluation.set_answers import SetAnswers

LEVEL = 0.05
_LESS_WRONG_QUANTILE = 1.28
"""One-sided level of 10 % (`is_less_wrong`). On frozen features 5 % gives up more accuracy than it
saves latency (docs/benchmarks.md)."""

_NUM_FLIPS = 999
_NUM_FLIPS_OF_PAIR = 9_999
_BEYOND_CHANCE = 7.0
"""Statistic that none of so many random ones reaches, with a probability above 0.999999: one does
with at most 2 exp(-x^2 / 2) (Hoeffding, 1963)."""

_ENOUGH_AS_LARGE = 100
"""Random differences as large as the observed one after which no further ones are drawn."""

_SIGNS_AT_ONCE = 8
_DRAWN_AT_ONCE = 4_096
"""Pictures whose signs are drawn by one call, of which 10,000 take 5 MB."""

_SIGNS = 2 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(np.float32) - 1
"""(256, 8) all signs of eight pictures, by the byte that stands for them."""

_ROUNDING = 1e-4
"""Rounding error of a sum in single precision; statistics that differ by less count as equal."""


def p_values_against_best(
    metric: str,
    probabilities: Sequence[NDArray[np.floating]],
    labels: NDArray[Any],
    members: NDArray[np.integer] | None = None,
    *,
    seed: int = 0,
) -> list[float | None]:
    """Probability of each trial's distance from the best if it is as good as the best.

    Corrected for the number of trials and for the best having been chosen by these pictures: with
    all trials equally good, the least p-value is at most 5 % in 5 % of the cases. The trials with
    a p-value above 5 % are the model confidence set (Hansen, Lunde and Nason, The Model
    Confidence Set, 2011): it holds all trials that are truly the best with 95 % confidence.

    The test statistic is the largest studentised difference between any two trials (their range
    statistic); its distribution comes from random signs of the pictures, the same ones for all
    pairs, which keeps the correlation between trials (Westfall and Young, 1993). If the statistic
    is significant the worse trial of the pair is removed and the test is repeated on the rest; a
    trial's p-value is the largest until its removal.

    Args:
        metric: key of a primary metric.
        probabilities: (N, K) of each trial, for the same pictures.
        labels: class indices (N,); or the labels of each picture (N, K).
        members: (N,) group of each picture, from 0, whose pictures change their signs together;
            each is alone if left out.
        seed: of the signs.

    Returns:
        One for each trial, 1 for the best; None for a trial whose score is NaN.
    """
    answers = [metrics.answers_for(each, labels) for each in probabilities]
    scores = np.array([metrics.value(metric, each) for each in answers])
    scored = np.flatnonzero(~np.isnan(scores)).tolist()
    result: list[float | None] = [None] * len(answers)
    if len(scored) < 2:
        return [None if np.isnan(score) else 1.0 for score in scores]
    first, second = np.triu_indices(len(scored), 1)
    contributions = np.stack(
        [
            metrics.differences(metric, answers[scored[left]], answers[scored[right]])
            for left, right in zip(first, second, strict=True)
        ]
    )
    gaps = scores[scored][first] - scores[scored][second]
    observed, scaled = _studentised(gaps, _of_groups(contributions, members))
    by_chance = _under_random_signs(scaled, _NUM_FLIPS, seed)
    for index, p_value in zip(scored, _eliminate(observed, by_chance, first, second), strict=True):
        result[index] = p_value
    return result


def p_value_of_difference(  # noqa: PLR0913
    metric: str,
    first: NDArray[np.floating],
    second: NDArray[np.floating],
    labels: NDArray[Any],
    members: NDArray[np.integer] | None = None,
    *,
    seed: int = 0,
) -> float | None:
    """Probability of so large a difference in a primary metric if two trials are equally good.

    For two trials that were not chosen by these scores; `p_values_against_best` is the test for
    trials that were. For accuracy the exact test of McNemar (1947) on the pictures that only one
    of the two gets right; for other metrics, and for pictures in groups, random signs, with a
    p-value of at least 0.0001. Where the first 999 show chance, no more are drawn (Besag and
    Clifford, 1991).

    Args:
        metric: key of a primary metric.
        first: probabilities (N, K) of a trial.
        second: probabilities (N, K) of another trial for the same pictures.
        labels: class indices (N,); or the labels of each picture (N, K).
        members: see `p_values_against_best`.
        seed: of the signs.

    Returns:
        None if a score is NaN.
    """
    answers = metrics.answers_for(first, labels), metrics.answers_for(second, labels)
    return p_value_between(metric, *answers, members=members, seed=seed)


def p_value_of_trials(
    metric: str, first: Predictions, second: Predictions, groups: Groups | None = None
) -> float | None:
    """The same for the pictures that both trials answered for.

    None also if there are none, or if the trials were scored by different labels.
    """
    first, second = in_common(first, second)
    if not len(first.labels) or not first.is_about_the_same_as(second):
        return None
    members = picture_groups.members(first.sample_ids, groups)
    return p_value_of_difference(
        metric, first.probabilities, second.probabilities, first.labels, members
    )


def p_value_between(
    metric: str,
    first: "ScoredAnswers | SetAnswers",
    second: "ScoredAnswers | SetAnswers",
    *,
    members: NDArray[np.integer] | None = None,
    seed: int = 0,
) -> float | None:
    """The same from answers whose scores are asked for, too, and so are computed once."""
    gap = metrics.value(metric, first) - metrics.value(metric, second)
    if np.isnan(gap):
        return None
    if metric == "accuracy" and _are_alone(members):
        return p_value_of_right(first.is_right, second.is_right)
    contributions = _of_groups(metrics.differences(metric, first, second)[None], members)
    observed, scaled = _studentised(np.array([gap]), contributions)
    return _p_value_of_pair(abs(float(observed[0])), scaled, seed)


def p_value_of_right(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Probability of so large a difference if two are equally often right, whose answers (N,) for
    the same pictures are right or not: the exact test of McNemar (1947)."""
    from scipy.special import bdtr  # scipy.stats takes a second to import

    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    at_most = bdtr(min(only_first, only_second), only_first + only_second, 0.5)
    return min(1.0, 2 * float(at_most))


def is_less_wrong(first: Predictions, second: Predictions, groups: Groups | None = None) -> bool:
    """True if the first trial's loss is lower than the second's, beyond noise.

    The paired t-test (Student, 1908) of the logarithmic losses of the pictures that both answered
    for, one-sided, at a level of 10 %. Where two trials are nearly alike it needs fewer pictures
    than a test of right and wrong answers, to which most of them contribute nothing. The error is
    that of as many independent groups of pictures (Liang and Zeger, 1986).
    """
    first, second = in_common(first, second)
    gaps = losses(first) - losses(second)
    members = picture_groups.members(first.sample_ids, groups)
    number = int(members.max(initial=-1)) + 1
    if number < 2:
        return False
    sums = np.bincount(members, gaps - gaps.mean())
    error = ((sums**2).sum() * number / (number - 1)) ** 0.5 / len(gaps)
    return bool(gaps.mean() < -_LESS_WRONG_QUANTILE * error)


def holm(p_values: Sequence[float], level: float = LEVEL) -> list[bool]:
    """True for each p-value that is significant after Holm's correction (1979) for their number."""
    order = np.argsort(p_values, kind="stable")
    significant = [False] * len(p_values)
    for rank, index in enumerate(order.tolist()):
        if p_values[index] > level / (len(p_values) - rank):
            break
        significant[index] = True
    return significant


def _are_alone(members: NDArray[np.integer] | None) -> bool:
    return members is None or int(members.max(initial=-1)) + 1 == len(members)


def _of_groups(
    contributions: NDArray[np.float64], members: NDArray[np.integer] | None
) -> NDArray[np.float64]:
    """(P, G) contributions of groups of pictures, from those of the pictures (P, N)."""
    if members is None or _are_alone(members):
        return contributions
    return np.stack([np.bincount(members, each) for each in contributions])


def _studentised(
    gaps: NDArray[np.float64], contributions: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Divide differences between pairs of trials by their standard deviation over random signs.

    The standard deviation is that of equally good trials, sqrt(sum of squared contributions). It
    does not vanish for a perfect trial, and a difference that rests on few pictures stays small:
    on n equal contributions it is at most sqrt(n). Of the gap between the scores and the sum of
    the contributions the smaller one is tested: where a metric jumps (the precision of a class
    that is no longer predicted) the gap is more than any choice of signs can reach.

    Args:
        gaps: (P,) differences between the scores.
        contributions: (P, N) of the pictures to each of them.

    Returns:
        (P,) differences, 0 for a pair that agrees everywhere; and the contributions (M, P) of the M
        pictures that change any of them, to be given random signs.
    """
    spread = np.sqrt((contributions**2).sum(axis=1))
    agrees = spread == 0
    spread[agrees] = 1
    sums = contributions.sum(axis=1)
    linear = np.where(sums * gaps > 0, np.minimum(np.abs(gaps), np.abs(sums)), 0.0)
    observed = np.sign(gaps) * linear / spread
    counts = contributions.any(axis=0)  # the other pictures do not change any difference
    scaled = np.ascontiguousarray((contributions[:, counts] / spread[:, None]).T, dtype=np.float32)
    return observed, scaled


def _p_value_of_pair(observed: float, scaled: NDArray[np.float32], seed: int) -> float:
    """P-value of one difference, from the contributions (M, 1) that `_studentised` returns."""
    if observed > _BEYOND_CHANCE:
        return 1 / (1 + _NUM_FLIPS_OF_PAIR)
    by_chance = np.abs(_under_random_signs(scaled, _NUM_FLIPS, seed))
    if (by_chance >= observed).sum() < _ENOUGH_AS_LARGE:
        by_chance = np.abs(_under_random_signs(scaled, _NUM_FLIPS_OF_PAIR, seed))
    return _share_as_large(by_chance, observed)


def _under_random_signs(
    contributions: NDArray[np.float32], num_flips: int, seed: int
) -> NDArray[np.float32]:
    """(num_flips, P) sums of contributions (N, P), of which each picture has a random sign."""
    rng = np.random.default_rng(seed)
    sums = np.zeros((num_flips, contributions.shape[1]), np.float32)
    for start in range(0, len(contributions), _DRAWN_AT_ONCE):
        drawn_for = contributions[start : start + _DRAWN_AT_ONCE]
        eights = range(0, len(drawn_for), _SIGNS_AT_ONCE)
        # in whole words and by one call: a call for each byte of a picture takes ten times as long
        words = rng.integers(2**64, size=(len(eights), -(-num_flips // 8)), dtype=np.uint64)
        # a sum for each byte instead of a product with all signs, for which the threads of a matrix
        # library wait for each other ten times as long as it takes
        for first, signs in zip(eights, words.view(np.uint8)[:, :num_flips], strict=True):
            part = drawn_for[first : first + _SIGNS_AT_ONCE]
            sums += (_SIGNS[:, : len(part)] @ part).take(signs, axis=0)
    return sums


def _eliminate(
    observed: NDArray[np.float64],
    by_chance: NDArray[np.float32],
    first: NDArray[np.integer],
    second: NDArray[np.integer],
) -> list[float]:
    """P-value of each trial, by removing the worse one of the most different pair again and again.

    Args:
        observed: (P,) studentised difference of each pair, the first trial's minus the second's.
        by_chance: (B, P) the same under random signs.
        first: (P,) index of the first trial of each pair.
        second: (P,) index of the second trial of each pair.
    """
    num_trials = int(second.max()) + 1
    p_values, largest = [1.0] * num_trials, 0.0
    distances, random_distances = np.abs(observed), np.abs(by_chance)
    remaining = np.ones(num_trials, dtype=bool)
    while remaining.sum() > 1:
        pairs = np.flatnonzero(remaining[first] & remaining[second])
        widest = pairs[np.argmax(distances[pairs])]
        if distances[widest] == 0:
            break
        maxima = random_distances[:, pairs].max(axis=1)
        largest = max(largest, _share_as_large(maxima, float(distances[widest])))
        worse = int(second[widest] if observed[widest] > 0 else first[widest])
        p_values[worse] = largest
        remaining[worse] = False
    return p_values


def _share_as_large(by_chance: NDArray[np.floating], observed: float) -> float:
    """P-value of a randomisation test; the observed value counts as one of the random ones."""
    as_large = int((by_chance >= observed - _ROUNDING).sum())
    return (1 + as_large) / (1 + len(by_chance))
