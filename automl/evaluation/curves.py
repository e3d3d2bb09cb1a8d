"""ROC, precision-recall, cumulative gains and lift curves.

A curve is about one class against the rest, or an average over the classes that some pictures have
and others have not: `micro` pools all decisions, `macro` is the plain mean, `weighted` the mean by
class size. Each label of a set is a class against the rest.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl.evaluation import decisions
from automl.evaluation.decisions import Labels

Average = Literal["micro", "macro", "weighted"]
Kind = Literal["roc", "precision_recall", "gains", "lift"]

MAX_POINTS = 500
"""Number of points of a curve; a screen shows no difference with more."""

_GRID = np.linspace(0, 1, 201)


class Curve(NamedTuple):
    """Points (P,) and (P,), from left to right."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]


def curve(
    kind: Kind,
    probabilities: NDArray[np.floating],
    labels: Labels,
    subject: int | Average,
) -> Curve:
    """Compute one curve from probabilities (N, K) and what is true.

    The axes, by kind:

    - `roc`: false positive rate and true positive rate, from (0, 0) to (1, 1).
    - `precision_recall`: recall and precision, from recall 0 (precision 1, as scikit-learn has
      it) to the threshold at which recall reaches 1.
    - `gains`: share of the pictures, most probable first, and share of the class's pictures that
      are among them.
    - `lift`: share of the pictures as for `gains`, and the gains divided by it, which is how many
      times more pictures of the class there are than by chance.

    Args:
        kind: which curve.
        probabilities: rows sum to 1, or are those of independent labels.
        labels: class indices (N,), or the labels of each picture (N, K).
        subject: index of the class, or the kind of average.

    Raises:
        ValueError: the class does not occur in the labels, or no other class does.
    """
    draw = _DRAW[kind]
    if isinstance(subject, int):
        truth = labels[:, subject] if labels.ndim == 2 else labels == subject
        return _thinned(draw(probabilities[:, subject], truth))
    truth = decisions.as_sets(labels, probabilities.shape[1])
    if subject == "micro":
        return _thinned(draw(probabilities.ravel(), truth.ravel()))
    sizes = truth.sum(axis=0)
    present = drawable(labels, probabilities.shape[1])
    drawn = [draw(probabilities[:, index], truth[:, index]) for index in present]
    weights = sizes[present] if subject == "weighted" else None
    return _mean(drawn, weights, _GRID[1:] if kind == "lift" else _GRID)  # no lift of 0 pictures


def drawable(labels: Labels, num_classes: int) -> NDArray[np.int64]:
    """Classes that some pictures have and others have not."""
    sizes = decisions.counts(labels, num_classes)
    return np.flatnonzero((sizes > 0) & (sizes < len(labels)))


def perfect_gains(labels: Labels, num_classes: int, subject: int | Average) -> Curve:
    """Return the cumulative gains of a model that ranks every picture of a class first."""
    shares = decisions.counts(labels, num_classes) / len(labels)
    if isinstance(subject, int):
        shares = shares[[subject]]
    elif subject == "micro":
        shares = shares.mean(keepdims=True)  # share of the N * K decisions that are true
    else:
        shares = shares[drawable(labels, num_classes)]
    x = np.unique([0.0, *shares, 1.0])
    heights = np.minimum(x / shares[:, None], 1)
    weights = shares if subject == "weighted" else None
    return Curve(x, np.average(heights, axis=0, weights=weights))


def _mean(
    curves: Sequence[Curve], weights: NDArray[np.integer] | None, grid: NDArray[np.float64]
) -> Curve:
    """Average heights at the points of the grid.

    Where a curve is vertical it has several heights at one x, and `np.interp` returns the last.
    At both ends of the grid the mean of the first heights is added as a point of its own:
    otherwise a ROC curve that rises at once would begin above (0, 0).
    """
    heights = [np.interp(grid, each.x, each.y) for each in curves]
    mean = np.average(heights, axis=0, weights=weights)
    ends = [
        np.average([_first_height(each, x) for each in curves], weights=weights)
        for x in (grid[0], grid[-1])
    ]
    x = np.concatenate([grid[:1], grid[:-1], grid[-1:], grid[-1:]])
    y = np.concatenate([ends[:1], mean[:-1], ends[1:], mean[-1:]])
    is_repeated = np.append(False, (np.diff(x) == 0) & (np.diff(y) == 0))
    return Curve(x[~is_repeated], y[~is_repeated])


def _first_height(curve: Curve, x: float) -> float:
    """Height at x; of a vertical part there, its first point."""
    position = int(np.searchsorted(curve.x, x))
    if position < len(curve.x) and curve.x[position] == x:
        return float(curve.y[position])
    return float(np.interp(x, curve.x, curve.y))


def _roc(scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> Curve:
    from sklearn.metrics import roc_curve  # slow to import

    _refuse_one_sided(truth)
    false_positive_rate, true_positive_rate, _ = roc_curve(truth, scores)
    return Curve(false_positive_rate, true_positive_rate)


def _precision_recall(scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> Curve:
    from sklearn.metrics import precision_recall_curve

    _refuse_one_sided(truth)
    precision, recall, _ = precision_recall_curve(truth, scores, drop_intermediate=True)
    recall, precision = recall[::-1], precision[::-1]
    # lower thresholds than the first of recall 1 only add pictures of other classes
    end = int(np.searchsorted(recall, 1)) + 1
    return Curve(recall[:end], precision[:end])


def _gains(scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> Curve:
    _refuse_one_sided(truth)
    order = np.argsort(-scores, kind="stable")
    # pictures of equal scores have no order, so the curve has one point for all of them
    ends = np.flatnonzero(np.diff(scores[order], append=-np.inf))
    gains = np.cumsum(truth[order])[ends] / truth.sum()
    return Curve(np.append(0.0, (ends + 1) / len(scores)), np.append(0.0, gains))


def _lift(scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> Curve:
    share, gains = _gains(scores, truth)
    return Curve(share[1:], gains[1:] / share[1:])


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
    """Return at most `MAX_POINTS` of the points, evenly chosen, with both ends."""
    if len(whole.x) <= MAX_POINTS:
        return whole
    kept = np.linspace(0, len(whole.x) - 1, MAX_POINTS).round().astype(np.int64)
    return Curve(whole.x[kept], whole.y[kept])
