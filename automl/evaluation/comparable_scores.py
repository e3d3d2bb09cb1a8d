"""Scores of trials on a common footing, whichever pictures they have answered for.

Trials on frozen features have answers for every picture that is not a test picture, each by a
model that has not seen it (cross-validation). Other trials have answers for the validation pictures
or for a few folds, which may be easier or harder than the rest. Where a trial of the first kind
shows by how much, their scores are corrected by the method of control variates (Lavenberg and
Welch, A Perspective on the Use of Control Variables to Increase the Efficiency of Monte Carlo
Simulations, 1981).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl.evaluation import decisions, metrics, picture_groups
from automl.evaluation.intervals import MIN_DEFINED_SHARE, num_affordable
from automl.evaluation.picture_groups import Groups
from automl.evaluation.predictions import Predictions

_NUM_RESAMPLES = 1000
_NUM_SLOW_RESAMPLES = 100
_MAX_WORK, _MAX_SLOW_WORK = 200_000_000, 20_000_000
"""Answers, or probabilities of a metric that sorts them, in all resamples together: a second."""

_COUNTS_AT_ONCE = 4_000_000

LEARNING_EXPONENT = 0.2
"""The error of a model falls with about this power of the number of its training pictures; on
frozen features with 0.18 to 0.30 (`python -m benchmarks.expected_score`)."""

_SPREAD = 0.1
"""Standard deviation of the true scores of trials, as far as an answer for few pictures goes."""

_LEAST_LEAD = 1e-9
"""Lead of a trial with more pictures over one that is as good on those that both answered for."""

_LEAST_CERTAINTY = 0.8
"""Share of the resamples in which a trial that answered for some pictures must beat the best one
that answered for all. On frozen features 0.8 costs the least (`docs/benchmarks.md`)."""

_FEW_ERRORS = 10
"""Errors that tell nothing yet about the correlation of two trials."""


@dataclass(frozen=True)
class Candidate:
    """Predictions and cost of one trial."""

    trial_id: str
    predictions: Predictions
    """Answers for all pictures or for some of them, each by a model that has not seen it."""

    share: float = 1.0
    """Training pictures of the models that answered, as a share of those of the model that is
    handed out: 0.8 for five folds and a model that is then fitted to all pictures."""

    cost: tuple[float, ...] = ()
    """Cost of the model, the most important first, for example seconds a picture, then bytes;
    lower is better."""

    unmoved: Predictions | None = None
    """The answers as they are, where `predictions` are moved to the thresholds of the model, see
    `thresholds.as_handed_out`."""

    @property
    def as_shown(self) -> Predictions:
        """The answers as they are, for what does not depend on thresholds."""
        return self.unmoved or self.predictions


class Comparison(NamedTuple):
    """Scores of M trials as if each of them had answered for all pictures."""

    rows: tuple[Candidate, ...]
    """The trials that have a score."""

    scores: NDArray[np.float64]
    """(M,) scores to expect, apart from what the best one owes to having been chosen."""

    resampled: NDArray[np.float64]
    """(B, M) the same in resamples of the pictures, each of which is the same for all trials."""

    num_groups: NDArray[np.int64]
    """(M,) groups of the pictures that each has answered for."""


def compare(
    metric: str,
    rows: Sequence[Candidate],
    groups: Groups | None = None,
    *,
    seed: int = 0,
) -> Comparison | None:
    """Score trials that answered for different pictures of the same data.

    A trial that answered for some pictures is corrected by the trial whose score varies most alike
    among those that answered for all: if that one finds these pictures easier than all pictures,
    the score is lowered by a share of the difference, from 0 to 1, that makes its variance least.
    It is then drawn towards the median of those trials, the more the fewer pictures it rests on:
    eight of eight right is luck more often than skill (empirical Bayes; Efron and Morris, Data
    Analysis Using Stein's Estimator, 1975).

    Where either makes fewer than ten errors there, its score is below that of every trial with
    answers for all pictures that is at least as good on the same ones. It is below the best one of
    those, too, unless it beats that one in four of five resamples.

    All scores are raised by what the missing training pictures cost (see `Candidate.share`).

    Args:
        metric: key of a primary metric.
        rows: the trials, in any order.
        groups: pictures of one are drawn together.
        seed: of the resampling.

    Returns:
        None if no trial has a score, or if scores are undefined in more than half of the resamples.
    """
    scored = [row for row in rows if not np.isnan(_score(metric, row.predictions))]
    if not scored:
        return None
    sample_ids = np.unique(np.concatenate([row.predictions.sample_ids for row in scored]))
    parts = [np.searchsorted(sample_ids, row.predictions.sample_ids) for row in scored]
    columns = _columns(scored, parts, len(sample_ids))
    num_resamples = _num_resamples(metric, columns)
    members = picture_groups.members(sample_ids, groups)
    counts = _counts(members, num_resamples, seed)
    every = np.concatenate([_scores(metric, columns, some) for some in counts])
    scores = _anchored(every, columns, len(scored))
    scores = 1 - (1 - scores) * np.array([row.share for row in scored]) ** LEARNING_EXPONENT
    sizes = np.array([len(part) for part in parts])
    scores = _shrunken(scores, sizes, len(sample_ids))
    scores = _below_the_better(scores, every, columns)
    scores = _below_the_surer(scores, sizes == len(sample_ids))
    resampled = scores[1:][~np.isnan(scores[1:]).any(axis=1)]
    if len(resampled) < MIN_DEFINED_SHARE * num_resamples:
        return None
    num_groups = np.array([len(np.unique(members[part])) for part in parts])
    return Comparison(tuple(scored), scores[0], resampled, num_groups)


def _num_resamples(metric: str, columns: "Sequence[_Column]") -> int:
    """1,000, or 100 of a metric other than accuracy; fewer for many answers."""
    if metric == "accuracy":
        num_answers = sum(len(each.labels) for each in columns)
        return num_affordable(_NUM_RESAMPLES, num_answers, _MAX_WORK)
    num_probabilities = sum(each.probabilities.size for each in columns)
    return num_affordable(_NUM_SLOW_RESAMPLES, num_probabilities, _MAX_SLOW_WORK)


class _Column(NamedTuple):
    """Answers of one trial for the pictures of one trial."""

    row: int
    """Index of the trial that answered."""

    part: int
    """Index of the trial whose pictures they are."""

    is_right: NDArray[np.bool_]
    probabilities: NDArray[np.floating]
    labels: NDArray[np.integer]
    positions: NDArray[np.integer]
    """(P,) of the pictures, among all of them."""


def _columns(
    rows: Sequence[Candidate], parts: Sequence[NDArray[np.integer]], num_pictures: int
) -> list[_Column]:
    """First the answers of every trial, then those that a correction needs.

    Args:
        rows: the trials.
        parts: positions of the pictures of each trial.
        num_pictures: number of all pictures.
    """
    own = [_column(row, index, index, parts[index]) for index, row in enumerate(rows)]
    whole = [index for index, part in enumerate(parts) if len(part) == num_pictures]
    partial = [index for index, part in enumerate(parts) if len(part) < num_pictures]
    return own + [
        _column(rows[index], index, part, parts[index], parts[part])
        for part in partial
        for index in whole
    ]


def _column(
    row: Candidate,
    index: int,
    part: int,
    positions: NDArray[np.integer],
    wanted: NDArray[np.integer] | None = None,
) -> _Column:
    answers = row.predictions
    kept = slice(None) if wanted is None else np.isin(positions, wanted)
    probabilities, labels = answers.probabilities[kept], answers.labels[kept]
    is_right = decisions.is_right(probabilities, labels)
    return _Column(index, part, is_right, probabilities, labels, positions[kept])


def _counts(
    members: NDArray[np.integer], num_resamples: int, seed: int
) -> Iterator[NDArray[np.int64]]:
    """Number of times each picture occurs, (_, N): once, then in resamples of the groups."""
    yield np.ones((1, len(members)), dtype=np.int64)
    num_groups = int(members.max()) + 1
    rng = np.random.default_rng(seed)
    at_once = max(1, _COUNTS_AT_ONCE // len(members))
    for start in range(0, num_resamples, at_once):
        num = min(at_once, num_resamples - start)
        drawn = rng.multinomial(num_groups, np.full(num_groups, 1 / num_groups), size=num)
        yield drawn[:, members]


def _scores(
    metric: str, columns: Sequence[_Column], counts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(B, C) scores of every column in resamples (B, N); NaN where undefined."""
    scores = [
        _right_share(column, counts[:, column.positions])
        if metric == "accuracy"
        else np.array([_resampled(metric, column, each) for each in counts[:, column.positions]])
        for column in columns
    ]
    return np.stack(scores, axis=1)


def _right_share(column: _Column, counts: NDArray[np.int64]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):  # no picture of this trial was drawn
        return np.asarray((counts @ column.is_right) / counts.sum(axis=1))


def _resampled(metric: str, column: _Column, counts: NDArray[np.int64]) -> float:
    drawn = np.repeat(np.arange(len(counts)), counts)
    if not len(drawn):
        return float("nan")
    return metrics.primary(metric, column.probabilities[drawn], column.labels[drawn])


def _anchored(
    every: NDArray[np.float64], columns: Sequence[_Column], num_rows: int
) -> NDArray[np.float64]:
    """(1 + B, M) scores for all pictures, from those of `_columns`."""
    scores = every[:, :num_rows].copy()
    for part in range(num_rows):
        beside = [
            (index, column.row)
            for index, column in enumerate(columns)
            if index >= num_rows and column.part == part
        ]
        if not beside:
            continue
        if np.nanvar(every[1:, part]) == 0:  # all right, or all wrong: what are the best ones?
            index, row = max(beside, key=lambda pair: every[0, pair[1]])
            scores[:, part] += every[:, row] - every[:, index]
        else:
            shifts = np.stack([every[:, row] - every[:, index] for index, row in beside])
            scores[:, part] += _best_correction(every[:, part], shifts)
    return scores


def _best_correction(
    score: NDArray[np.float64], shifts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The shift (1 + B,) that lowers the variance of a score (1 + B,) most, of (F, 1 + B)."""
    defined = ~np.isnan(score) & ~np.isnan(shifts).any(axis=0)
    defined[0] = False  # the pictures themselves
    if defined.sum() < 2:
        return np.zeros_like(score)
    noise = score[defined] - score[defined].mean()
    moves = shifts[:, defined] - shifts[:, defined].mean(axis=1, keepdims=True)
    variances = (moves**2).mean(axis=1)
    shared = -(moves @ noise) / len(noise)
    betas = np.clip(shared / np.where(variances > 0, variances, np.inf), 0, 1)
    best = int(np.argmax(2 * betas * shared - betas**2 * variances))
    return np.asarray(betas[best] * shifts[best])


def _shrunken(
    scores: NDArray[np.float64], sizes: NDArray[np.integer], num_pictures: int
) -> NDArray[np.float64]:
    """(1 + B, M) scores with those for some of the pictures drawn towards the median of the rest.

    Args:
        scores: (1 + B, M), the first row those of the pictures themselves.
        sizes: (M,) number of pictures of each trial.
        num_pictures: number of all pictures.
    """
    whole = np.flatnonzero(sizes == num_pictures)
    if not len(whole):
        return scores
    order = whole[np.argsort(-scores[0, whole], kind="stable")]
    middle = scores[:, order[len(order) // 2]]
    shrunken = scores.copy()
    for index in np.flatnonzero(sizes < num_pictures):
        distance = scores[:, index] - middle
        # not 0 where all resamples agree: one picture more might not have agreed
        variance = float(np.nanvar(distance[1:])) + 1 / sizes[index] ** 2
        shrunken[:, index] = middle + distance * _SPREAD**2 / (_SPREAD**2 + variance)
    return shrunken


def _below_the_better(
    scores: NDArray[np.float64], every: NDArray[np.float64], columns: Sequence[_Column]
) -> NDArray[np.float64]:
    """(1 + B, M) scores of which none for some pictures is above one for all without a reason.

    A few errors do not tell whether two trials err on the same pictures, which the correction rests
    on. With so few, the trial that answered for some pictures must be the better one on those that
    both have answered for: they alone compare the two.
    """
    num_rows = scores.shape[1]
    limited = scores.copy()
    for index, column in enumerate(columns[num_rows:], num_rows):
        num_errors = min(_num_errors(column), _num_errors(columns[column.part]))
        if num_errors >= _FEW_ERRORS:
            continue
        is_not_better = every[:, column.part] <= every[:, index]
        score, limit = limited[:, column.part], scores[:, column.row] - _LEAST_LEAD
        limited[:, column.part] = np.where(is_not_better, np.minimum(score, limit), score)
    return limited


def _below_the_surer(
    scores: NDArray[np.float64], is_whole: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """(1 + B, M) scores of which none for some pictures is the best by chance.

    Few pictures make the best of several scores a lucky one. So a trial that answered for some of
    them is above the best one that answered for all only if most resamples agree.

    Args:
        scores: (1 + B, M), the first row those of the pictures themselves.
        is_whole: (M,) whether the trial answered for all pictures.
    """
    if not is_whole.any():
        return scores
    best = scores[:, np.flatnonzero(is_whole)[scores[0, is_whole].argmax()]]
    limited = scores.copy()
    for index in np.flatnonzero(~is_whole):
        if np.mean(scores[1:, index] > best[1:]) < _LEAST_CERTAINTY:
            limited[:, index] = np.minimum(scores[:, index], best - _LEAST_LEAD)
    return limited


def _num_errors(column: _Column) -> int:
    return int((~column.is_right).sum())


def _score(metric: str, predictions: Predictions) -> float:
    if not len(predictions.labels):
        return float("nan")
    return metrics.primary(metric, predictions.probabilities, predictions.labels)
