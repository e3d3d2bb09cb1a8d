"""Curves behind the one-number metrics: ROC, precision-recall, cumulative gains and lift.

Each is of one class against the rest, or an average over the classes that occur in the labels:
`micro` pools all decisions, `macro` is the plain mean, `weighted` the mean by class size.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Average = Literal["micro", "macro", "weighted"]
Kind = Literal["roc", "precision_recall", "gains", "lift"]

MAX_POINTS = 500
"""Of a curve; more cannot be told apart on a screen."""

_GRID = np.linspace(0, 1, 201)


class Curve(NamedTuple):
    """Points (P,) and (P,), from left to right."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]


def curve(
    kind: Kind,
    probabilities: NDArray[np.floating],
    labels: NDArray[np.integer],
    of: int | Average,
) -> Curve:
    """One curve from probabilities (N, K) and class indices (N,).

    Args:
        kind: x and y are false and true positive rate; recall and precision; share of the
            pictures, most probable first, and share of the class's pictures among them; the
            same share, and how many times more than by chance.
        probabilities: rows sum to 1.
        labels: true class indices.
        of: a class index, or how to average.

    Raises:
        ValueError: the class does not occur in the labels, or no other one does.
    """
    draw = _DRAW[kind]
    if isinstance(of, int):
        return _thinned(draw(probabilities[:, of], labels == of))
    truth = labels[:, None] == np.arange(probabilities.shape[1])
    if of == "micro":
        return _thinned(draw(probabilities.ravel(), truth.ravel()))
    sizes = np.bincount(labels, minlength=probabilities.shape[1])
    present = np.flatnonzero(sizes)
    drawn = [draw(probabilities[:, index], truth[:, index]) for index in present]
    grid = _GRID[1:] if kind == "lift" else _GRID  # of no pictures there is no lift
    heights = [np.interp(grid, one.x, one.y) for one in drawn]
    weights = sizes[present] if of == "weighted" else None
    return Curve(grid, np.average(heights, axis=0, weights=weights))


def perfect_gains(labels: NDArray[np.integer], num_classes: int, of: int | Average) -> Curve:
    """What cumulative gains would be if every class's pictures came first."""
    shares = np.bincount(labels, minlength=num_classes) / len(labels)
    if isinstance(of, int):
        shares = shares[[of]]
    elif of == "micro":
        shares = np.array([1 / num_classes])  # of all decisions these are yes
    else:
        shares = shares[shares > 0]
    x = np.unique([0.0, *shares, 1.0])
    heights = np.minimum(x / shares[:, None], 1)
    weights = shares if of == "weighted" else None
    return Curve(x, np.average(heights, axis=0, weights=weights))


def _roc(scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> Curve:
    from sklearn.metrics import roc_curve  # slow to import

    _refuse_one_sided(truth)
    false_positive_rate, true_positive_rate, _ = roc_curve(truth, scores)
    return Curve(false_positive_rate, true_positive_rate)


def _precision_recall(scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> Curve:
    from sklearn.metrics import precision_recall_curve

    _refuse_one_sided(truth)
    precision, recall, _ = precision_recall_curve(truth, scores, drop_intermediate=True)
    return Curve(recall[::-1], precision[::-1])


def _gains(scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> Curve:
    _refuse_one_sided(truth)
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.diff(scores[order], append=-np.inf))  # equal scores come together
    found = np.cumsum(truth[order])[ends] / truth.sum()
    return Curve(np.append(0.0, (ends + 1) / len(scores)), np.append(0.0, found))


def _lift(scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> Curve:
    share, found = _gains(scores, truth)
    return Curve(share[1:], found[1:] / share[1:])


_DRAW: dict[Kind, Callable[[NDArray[np.floating], NDArray[np.bool_]], Curve]] = {
    "roc": _roc,
    "precision_recall": _precision_recall,
    "gains": _gains,
    "lift": _lift,
}


def _refuse_one_sided(truth: NDArray[np.bool_]) -> None:
    if truth.all() or not truth.any():
        raise ValueError("A curve needs pictures of the class and of others.")


def _thinned(whole: Curve) -> Curve:
    """At most `MAX_POINTS`, the ends included."""
    if len(whole.x) <= MAX_POINTS:
        return whole
    kept = np.linspace(0, len(whole.x) - 1, MAX_POINTS).round().astype(np.int64)
    return Curve(whole.x[kept], whole.y[kept])
