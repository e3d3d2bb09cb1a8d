"""Whether the answers of a model in use differ from those at its validation, against chance. Pure.

Four tests, each of the latest answers: of the predicted classes (chi-square), of the probabilities
of the answers (Kolmogorov and Smirnov), of the features (the distances to the nearest training
pictures, as ranks among pictures of the same answer: van Elteren, 1960), and of the share of
pictures unlike the training pictures (binomial). Their p-values are corrected for four tests and
for all looks: those are at 50, 100, 200 and 500 answers and after every 500 more, however often one
asks, and the k-th of them spends 1 / (k (k + 1)) of the risk of a false alarm, so that all together
spend no more than it (alpha spending, Lan and DeMets, 1983).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl.frozen_model import FrozenModel

LEVEL = 0.05
"""Risk of a false alarm, over all looks together."""

RECENT = 500
"""Answers of one look."""

_FIRST_LOOKS = (50, 100, 200)
"""Numbers of answers at which there is a look before the first 500."""

_NUM_TESTS = 4
_FEWEST_EXPECTED = 5.0
"""Answers of a class below which it counts among the others."""


class Answers(NamedTuple):
    """Answers of a model, in their order."""

    labels: Sequence[str]
    """(N,) the most probable class of each picture."""

    probabilities: NDArray[np.float64]
    """(N,) of that class."""

    are_unlike: NDArray[np.bool_] | None = None
    """(N,) True for pictures unlike the training pictures; None if the model does not say."""

    distances: NDArray[np.float64] | None = None
    """(N,) to the nearest training picture, NaN where it is not known; None if none is."""


class Sign(FrozenModel):
    """One test."""

    kind: Literal["classes", "confidence", "features", "unlike"]
    before: float
    """Share of the class that has changed most, mean probability, mean distance of pictures with
    these answers, or share of false alarms."""

    now: float
    class_name: str = ""
    p_value: float
    """Corrected."""

    @property
    def is_change(self) -> bool:
        return self.p_value < LEVEL


class Drift(FrozenModel):
    """The answers before the last look beside those at validation."""

    num_answers: int
    """From the beginning to the last look."""

    num_recent: int
    """The last of them, which are compared."""

    num_newer: int = 0
    """Answers since, which wait for the next look."""

    first: datetime | None = None
    last: datetime | None = None
    """When the first and the last of these were given, as far as that is known."""

    signs: list[Sign]

    @property
    def is_change(self) -> bool:
        return any(sign.is_change for sign in self.signs)


def drift(
    reference: Answers,
    seen: Answers,
    false_alarm_rate: float | None,
    *,
    num_answers: int | None = None,
) -> Drift | None:
    """Compare the answers before the last look with those at validation; None with fewer than 50.

    Args:
        reference: on the pictures that the model was scored on.
        seen: in use, the oldest first.
        false_alarm_rate: share of pictures like the training pictures that are called unlike.
        num_answers: since the beginning, if some are not among those seen.
    """
    total = len(seen.labels) if num_answers is None else num_answers
    number, num_answers = _last_look(total)
    num_newer = total - num_answers
    end = len(seen.labels) - num_newer
    if not number or end < _FIRST_LOOKS[0] or not len(reference.labels):
        return None
    from scipy import stats  # takes a second to import

    recent = slice(max(0, end - RECENT), end)

    def corrected(p_value: float) -> float:
        return min(1.0, p_value * _NUM_TESTS * number * (number + 1))

    signs = [_of_classes(reference.labels, seen.labels[recent], corrected)]
    before, now = reference.probabilities, seen.probabilities[recent]
    signs.append(
        Sign(
            kind="confidence",
            before=float(before.mean()),
            now=float(now.mean()),
            p_value=corrected(float(stats.ks_2samp(before, now).pvalue)),
        )
    )
    if reference.distances is not None and seen.distances is not None:
        latest = seen.labels[recent], seen.distances[recent]
        if found := _of_features((reference.labels, reference.distances), latest, corrected):
            signs.append(found)
    if seen.are_unlike is not None and false_alarm_rate is not None:
        unlike = seen.are_unlike[recent]
        test = stats.binomtest(int(unlike.sum()), len(unlike), false_alarm_rate, "greater")
        share, p_value = float(unlike.mean()), corrected(float(test.pvalue))
        signs.append(Sign(kind="unlike", before=false_alarm_rate, now=share, p_value=p_value))
    num_recent = recent.stop - recent.start
    return Drift(num_answers=num_answers, num_recent=num_recent, num_newer=num_newer, signs=signs)


def _last_look(num_answers: int) -> tuple[int, int]:
    """Number of looks up to now, and of the answers at the last of them; 0 before the first."""
    first = [each for each in _FIRST_LOOKS if each <= num_answers]
    later = num_answers // RECENT
    return len(first) + later, RECENT * later or max(first, default=0)


def next_look(num_answers: int) -> int:
    """Number of answers at the look after one at so many."""
    later = RECENT * (num_answers // RECENT + 1)
    return min(each for each in (*_FIRST_LOOKS, later) if each > num_answers)


def _of_classes(
    before: Sequence[str], now: Sequence[str], corrected: Callable[[float], float]
) -> Sign:
    from scipy import stats

    counts = Counter(before), Counter(now)
    names = sorted(counts[0] | counts[1])
    table = np.array([[each[name] for name in names] for each in counts], float)
    shares = table / table.sum(axis=1, keepdims=True)
    most = int(np.abs(shares[1] - shares[0]).argmax())
    expected = table.sum(axis=0) * table.sum(axis=1).min() / table.sum()
    is_rare = expected < _FEWEST_EXPECTED
    tested = np.column_stack([table[:, ~is_rare], table[:, is_rare].sum(axis=1)])
    tested = tested[:, tested.sum(axis=0) > 0]
    p_value = float(stats.chi2_contingency(tested).pvalue) if tested.shape[1] > 1 else 1.0
    return Sign(
        kind="classes",
        class_name=names[most],
        before=float(shares[0, most]),
        now=float(shares[1, most]),
        p_value=corrected(p_value),
    )


_Distances = tuple[Sequence[str], NDArray[np.float64]]
"""Answers, and the distance of each to the nearest training picture; NaN where it is not known."""


def _of_features(
    before: _Distances, now: _Distances, corrected: Callable[[float], float]
) -> Sign | None:
    """Pictures are farther from the training pictures than those held out with the same answer.

    Nearer ones are no sign: those held out lack some training pictures to be near to. None if no
    answer has distances of both.
    """
    from scipy import stats

    labels, distances = np.array([*before[0], *now[0]]), np.concatenate([before[1], now[1]])
    is_now = np.arange(len(labels)) >= len(before[0])
    is_known = ~np.isnan(distances)
    count, total, expected, excess, variance = 0, 0.0, 0.0, 0.0, 0.0
    for label in np.unique(labels):
        alike = is_known & (labels == label)
        is_new, values = is_now[alike], distances[alike]
        num_new, num_all = int(is_new.sum()), len(values)
        if 0 < num_new < num_all:
            ranks = stats.rankdata(values) / (num_all + 1)
            excess += float(ranks[is_new].sum()) - num_new * float(ranks.mean())
            # of a sum of ranks that are drawn without putting them back
            variance += num_new * (1 - num_new / num_all) * float(ranks.var(ddof=1))
            count += num_new
            total += float(values[is_new].sum())
            expected += num_new * float(values[~is_new].mean())
    if not count:
        return None
    p_value = float(stats.norm.sf(excess / variance**0.5)) if variance > 0 else 1.0
    return Sign(
        kind="features", before=expected / count, now=total / count, p_value=corrected(p_value)
    )
