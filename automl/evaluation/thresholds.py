"""Thresholds of the probability from which a label is predicted, for label sets. Pure.

They are chosen for an aim on answers of models that have not seen the pictures: one for all labels,
or one for each. Scores with them belong to other pictures, see `cross_fitted`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from automl.errors import UserError, short
from automl.evaluation import metrics, picture_groups, ranking_areas
from automl.evaluation.decisions import THRESHOLD
from automl.evaluation.picture_groups import Groups
from automl.evaluation.predictions import Predictions
from automl.evaluation.ranking_areas import Ranking, Steps
from automl.evaluation.set_answers import SetAnswers

_FEW_PICTURES = 10
"""Pictures with a label below which it takes the threshold of all labels: its own would be luck."""


_Kind = Literal["f1", "precision", "recall", "cost", "fixed"]
_KINDS: tuple[_Kind, ...] = get_args(_Kind)


@dataclass(frozen=True)
class Aim:
    """Aim that thresholds are chosen for."""

    kind: _Kind = "f1"
    """f1: the highest F1. precision: the highest recall with a precision of at least `value`.
    recall: the highest precision with a recall of at least `value`. cost: the least cost, if a
    false label costs `value` times as much as a missed one. fixed: `value`."""

    value: float = 0.0

    @classmethod
    def parse(cls, text: str) -> "Aim":
        """The aim written as `f1`, `precision=0.9`, `recall=0.9`, `cost=5` or `fixed=0.5`.

        Raises:
            UserError: it is written otherwise.
        """
        name, _, number = text.strip().lower().partition("=")
        kind = next((known for known in _KINDS if known == name), None)
        try:
            value = float(number or 0)
        except ValueError:
            value = -1.0
        if kind == "f1" and not number:
            return cls()
        if kind in ("precision", "recall") and 0 < value <= 1:
            return cls(kind, value)
        if kind == "cost" and 0 < value < float("inf"):
            return cls(kind, value)
        if kind == "fixed" and number and 0 <= value <= 1:
            return cls(kind, value)
        raise UserError(
            f"The aim of the thresholds is {short(text)}. Write f1; precision=0.9 or recall=0.9, "
            "with a number above 0 and at most 1; cost=5, with how many missed labels a false one "
            "is worth; or fixed=0.5, with a threshold from 0 to 1."
        )

    def __str__(self) -> str:
        return self.kind if self.kind == "f1" else f"{self.kind}={self.value:g}"


F1 = Aim()


def for_all(probabilities: NDArray[np.floating], truth: NDArray[Any], aim: Aim = F1) -> float:
    """The threshold for all labels, over all decisions at once, from (N, K) each."""
    return _best(probabilities.ravel(), truth.ravel(), aim)


def by_label(
    probabilities: NDArray[np.floating], truth: NDArray[Any], aim: Aim = F1
) -> NDArray[np.float64]:
    """(K,) a threshold for each label; rare ones take that of all labels."""
    thresholds, is_rare = _of_rare_labels(probabilities, truth, aim)
    for index in np.flatnonzero(~is_rare):
        thresholds[index] = _best(probabilities[:, index], truth[:, index], aim)
    return thresholds


def by_label_with_areas(answers: SetAnswers) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The thresholds (K,) of `by_label` for F1, and with them the areas (K, 2) of the labels.

    The pictures are sorted once a label, which is most of the cost of both.
    """
    thresholds, is_rare = _of_rare_labels(answers.probabilities, answers.labels, F1)
    areas = np.full((answers.num_classes, 2), np.nan)
    # a column is slow to copy
    scores, truth = (
        np.ascontiguousarray(each.T) for each in (answers.probabilities, answers.labels)
    )
    steps = {
        index: Steps.of(scores[index], truth[index])
        for index in np.flatnonzero(~is_rare | answers.is_ranked).tolist()
    }
    if frequent := [index for index in steps if not is_rare[index]]:
        thresholds[frequent] = _highest_f1([steps[index] for index in frequent])
    for index in np.flatnonzero(answers.is_ranked & answers.is_finite).tolist():
        areas[index] = ranking_areas.areas_of(steps[index])
    return thresholds, areas


def _of_rare_labels(
    probabilities: NDArray[np.floating], truth: NDArray[Any], aim: Aim
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(K,) thresholds that hold for the rare labels, and True for these."""
    is_rare = np.asarray(truth.sum(axis=0) < _FEW_PICTURES)
    common = for_all(probabilities, truth, aim) if is_rare.any() else THRESHOLD
    return np.full(truth.shape[1], common), is_rare


def chosen(
    probabilities: NDArray[np.floating], truth: NDArray[Any], aim: Aim, *, one_for_all: bool
) -> NDArray[np.float64]:
    """(K,) thresholds for the aim: equal ones, or one for each label."""
    if one_for_all:
        return np.full(truth.shape[1], for_all(probabilities, truth, aim))
    return by_label(probabilities, truth, aim)


def cross_fitted(
    predictions: Predictions,
    aim: Aim = F1,
    groups: Groups | None = None,
    *,
    one_for_all: bool = False,
    seed: int = 0,
) -> SetAnswers:
    """Answers with thresholds for the aim, for each fifth of the pictures chosen on the others.

    Args:
        predictions: answers for label sets.
        aim: of the thresholds.
        groups: pictures of one are in one fifth.
        one_for_all: all labels have the same threshold.
        seed: of the fifths.
    """
    probabilities, truth = predictions.probabilities, predictions.labels
    rng = np.random.default_rng(seed)
    folds = picture_groups.folds(predictions.sample_ids, groups, rng)
    thresholds = np.full(truth.shape, THRESHOLD)
    for fold in np.unique(folds):
        others = folds != fold
        if others.any():
            thresholds[~others] = chosen(
                probabilities[others], truth[others], aim, one_for_all=one_for_all
            )
    return SetAnswers(probabilities, truth, thresholds)


def as_handed_out(
    metric: str, predictions: Predictions, groups: Groups | None = None
) -> Predictions:
    """The answers of a model with thresholds of its own, moved so that 0.5 is the threshold.

    The thresholds are those for F1, as of a model that is handed out, and chosen on other pictures
    (`cross_fitted`). The order of the probabilities of a label holds on both sides of 0.5 and
    within a fold, which is enough for metrics of decisions; for another metric, or a task without
    thresholds, the answers are returned as they are.
    """
    if not metrics.METRICS_OF_TASK[metrics.task_of(predictions.labels)][metric].has_thresholds:
        return predictions
    answers = cross_fitted(predictions, groups=groups)
    if not answers.is_finite:
        return predictions
    own = np.clip(answers.thresholds, 1e-6, 1 - 1e-6)
    scores = predictions.probabilities.astype(np.float64)
    above = THRESHOLD + THRESHOLD * (scores - own) / (1 - own)
    below = np.minimum(THRESHOLD * scores / own, np.nextafter(np.float32(THRESHOLD), np.float32(0)))
    moved = np.where(answers.predicted, np.clip(above, THRESHOLD, 1), below)
    return replace(predictions, probabilities=moved.astype(np.float32))


def _best(scores: NDArray[np.floating], truth: NDArray[Any], aim: Aim) -> float:
    """The threshold that serves the aim best in decisions (N,); 0.5 where nothing is true.

    It lies in the middle between two scores, or above all of them. Of equally good ones the nearest
    to 0.5 is taken.
    """
    if aim.kind == "fixed":
        return aim.value
    if aim.kind == "f1":
        return float(_highest_f1([Steps.of(scores, truth)])[0])
    if not truth.any():
        return THRESHOLD
    ranking = Ranking.of(scores, truth)
    # before the first score nothing is predicted
    bounds = np.concatenate(([1.0], ranking.scores.astype(np.float64), [0.0]))
    differ = bounds[:-1] > bounds[1:]
    if not differ.any():
        return THRESHOLD
    hits, guesses = (np.concatenate(([0.0], each)) for each in (ranking.hits, ranking.taken))
    values = np.where(differ, _worth(hits, guesses, aim), -np.inf)
    return _nearest(values, bounds[:-1], bounds[1:])


def _highest_f1(labels: Sequence[Steps]) -> NDArray[np.float64]:
    """The threshold of `_best` for F1 of each label, which falls wherever a threshold takes no true
    decision; all labels at once, since few steps of each are quick to compute."""
    found = np.full(len(labels), THRESHOLD)
    sizes = np.array([len(each.scores) for each in labels])
    if not sizes.any():
        return found
    above, below, hits, taken = (
        np.concatenate([getattr(each, name) for each in labels])
        for name in ("scores", "below", "hits", "taken")
    )
    known = np.flatnonzero(sizes)
    starts = np.cumsum(sizes[known]) - sizes[known]
    of_label = np.repeat(np.arange(len(known)), sizes[known])
    values = np.where(above > below, 2 * hits / (taken + hits[starts][of_label]), -np.inf)
    best = np.maximum.reduceat(values, starts)[of_label]
    middles = (above.astype(np.float64) + below) / 2
    is_best = (values >= best - 1e-12) & np.isfinite(values)
    distances = np.where(is_best, np.abs(middles - THRESHOLD), np.inf)
    nearest = np.minimum.reduceat(distances, starts)
    at = np.flatnonzero(is_best & (distances == nearest[of_label]))[::-1]  # the first of equals
    found[known[of_label[at]]] = middles[at]
    return found


def _nearest(
    values: NDArray[np.float64], above: NDArray[np.floating], below: NDArray[np.floating]
) -> float:
    """Threshold between two scores: of the best ones the nearest to 0.5."""
    best = np.flatnonzero(values >= values.max() - 1e-12)
    middles = (above[best].astype(np.float64) + below[best]) / 2
    return float(middles[np.abs(middles - THRESHOLD).argmin()])


def _worth(
    hits: NDArray[np.float64], guesses: NDArray[np.float64], aim: Aim
) -> NDArray[np.float64]:
    """How well each threshold serves the aim, by its hits and its predictions; higher is better.

    The last entry predicts everything, so its hits are all that is true.
    """
    missed, false = hits[-1] - hits, guesses - hits
    if aim.kind == "cost":
        return np.asarray(-(aim.value * false + missed), np.float64)
    if aim.kind == "precision":
        is_met = hits >= aim.value * guesses - 1e-9
        return np.where(is_met, hits, -1.0)
    assert aim.kind == "recall", "F1 has a way of its own"
    is_met = hits >= aim.value * hits[-1] - 1e-9
    return np.where(is_met, hits / np.maximum(guesses, 1), -1.0)
