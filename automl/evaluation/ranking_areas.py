"""Area under the ROC curve and average precision of one class against the rest.

Both depend only on the order of the pictures by the probability of the class. For each there is
also the share that every picture has in it: the difference of two trials' shares tells how much
the difference between their scores depends on single pictures (see `significance`).
"""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray


class Steps(NamedTuple):
    """The T distinct scores of the pictures of a class, rising: only there an area changes.

    Sorting values is several times as fast as sorting positions.
    """

    scores: NDArray[np.floating]
    """(T,)"""

    below: NDArray[np.floating]
    """(T,) the highest lower score of any picture, 0 without one."""

    gained: NDArray[np.int64]
    """(T,) number of pictures of the class with this score."""

    hits: NDArray[np.int64]
    """(T,) number of those with at least this score."""

    taken: NDArray[np.int64]
    """(T,) number of all pictures with at least this score."""

    num_above: NDArray[np.int64]
    """(T,) number of all pictures with a higher score."""

    num_pictures: int

    @classmethod
    def of(cls, scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> Self:
        """From scores (N,), and True (N,) for the pictures of the class."""
        rising, num_pictures = np.sort(scores), len(scores)
        own, gained = np.unique(scores[truth], return_counts=True)
        num_below, up_to = (
            np.asarray(np.searchsorted(rising, own, side=side), np.int64)
            for side in ("left", "right")
        )
        return cls(
            scores=own,
            below=np.where(num_below > 0, rising[num_below - 1], 0) if len(own) else own,
            gained=gained,
            hits=gained[::-1].cumsum()[::-1],
            taken=num_pictures - num_below,
            num_above=num_pictures - up_to,
            num_pictures=num_pictures,
        )


class Ranking(NamedTuple):
    """The N pictures by falling score, and each distinct score as one of T thresholds."""

    order: NDArray[np.intp]
    """(N,) the pictures."""

    ends: NDArray[np.intp]
    """(T,) place of the last picture of each threshold among them."""

    scores: NDArray[np.floating]
    """(T,)"""

    hits: NDArray[np.float64]
    """(T,) number of pictures of the class that score at least the threshold."""

    taken: NDArray[np.float64]
    """(T,) the same of all pictures."""

    @classmethod
    def of(cls, scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> Self:
        """From scores (N,), and True (N,) for the pictures of the class."""
        order = np.argsort(-scores)  # in any order among equal ones, which share a threshold
        falling = scores[order]
        ends = np.flatnonzero(np.diff(falling, append=-np.inf))
        hits = np.cumsum(truth[order])[ends]
        counts = hits.astype(np.float64), (ends + 1).astype(np.float64)
        return cls(order, ends, falling[ends], *counts)


class Areas(NamedTuple):
    """Areas of one class against the rest."""

    under_roc: float
    average_precision: float


UNDEFINED = Areas(float("nan"), float("nan"))


def areas(scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> Areas:
    """Both areas; see `areas_of`.

    Args:
        scores: (N,) probability of the class.
        truth: (N,) True for the pictures of the class; at least one True and one False.
    """
    return areas_of(Steps.of(scores, truth))


def areas_of(steps: Steps) -> Areas:
    """Both areas, from one sort.

    That under the ROC curve is the one of Mann and Whitney (1947), in which a tie counts half;
    average precision is as scikit-learn defines it, without interpolation.
    """
    gained, hits, taken = steps.gained, steps.hits, steps.taken
    num_inside = int(hits[0])
    num_outside = steps.num_pictures - num_inside
    # a picture of the class is ahead of the others that score less, and of half of its equals
    behind = steps.num_pictures - taken - (num_inside - hits)
    equal = taken - steps.num_above - gained
    return Areas(
        under_roc=float((gained * (behind + equal / 2)).sum() / (num_inside * num_outside)),
        average_precision=float((gained / num_inside * hits / taken).sum()),
    )


def area_shares(scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(N,) share of every picture in the area under the ROC curve; they add up to the area.

    The placement values of DeLong, DeLong and Clarke-Pearson (1988): for a picture of the class
    the share of the others that score less, for another picture the share of the class that
    scores more. A tie counts half. Arguments as for `areas`.
    """
    from scipy.stats import rankdata  # slow to import

    num_inside, num_outside = int(truth.sum()), int((~truth).sum())
    ranks = rankdata(scores)
    inside = (ranks[truth] - rankdata(scores[truth])) / num_outside
    outside = 1 - (ranks[~truth] - rankdata(scores[~truth])) / num_inside
    shares = np.empty(len(scores))
    # each of the two kinds adds up to the whole area, so the area is taken off once
    shares[truth], shares[~truth] = inside / num_inside, outside / num_outside
    return np.asarray(shares - inside.mean() / len(scores))


def precision_shares(scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(N,) share of every picture in the average precision; they add up to it.

    With a weight w for each picture, P(s) and R(s) the weight of the class and of all pictures
    that score at least s, average precision is the sum of w * P / R over the pictures of the
    class, divided by their number. The share of a picture is the derivative by its weight, at
    weights of 1, with that number held fixed. Arguments as for `areas`.
    """
    order, ends, _, hits, taken = Ranking.of(scores, truth)
    step = np.empty(len(scores), dtype=np.int64)
    step[order] = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=-1))
    gained = np.diff(hits, prepend=0)
    # a picture counts in P and in R of every threshold at or below its own score
    raises_hits = np.cumsum((gained / taken)[::-1])[::-1]
    raises_taken = np.cumsum((gained * hits / taken**2)[::-1])[::-1]
    shares = truth * (hits / taken + raises_hits)[step] - raises_taken[step]
    return np.asarray(shares / hits[-1])
