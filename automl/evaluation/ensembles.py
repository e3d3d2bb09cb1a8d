"""Greedy selection of models whose probabilities are averaged. Pure.

Caruana, Niculescu-Mizil, Crew and Ksikes, Ensemble Selection from Libraries of Models, 2004: start
with the best model, and add the one that raises the metric most, a model more than once if that is
best. It is repeated in bootstrap resamples of the pictures, which lessens overfitting.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl.evaluation import decisions, metrics, picture_groups, significance, thresholds
from automl.evaluation.picture_groups import Groups
from automl.evaluation.predictions import Predictions, in_common

MAX_MEMBERS = 4
LATENCY_FACTOR = 2.0
"""Largest latency of an ensemble, as a multiple of that of the best single model."""

MIN_PICTURES = 50
"""With fewer answers nothing is chosen by them."""

_MAX_CANDIDATES = 10
_MAX_STEPS = 6
_NUM_BAGS = 10
_MAX_WORK = 60_000_000
"""Probabilities that all selections together may sum up: a few seconds."""


class Ensemble(NamedTuple):
    """Models whose probabilities are averaged, and how good that is."""

    weights: dict[str, float]
    """By trial id, the heaviest first; they sum to 1."""

    predictions: Predictions
    """Answers for each picture of an ensemble that was selected on other pictures."""

    gain: float
    """Score of these answers minus that of single models that were selected in the same way, each
    as the best one on the other pictures."""

    is_beyond_noise: bool
    """The gain is significant in the paired test, see `significance.p_value_of_difference`."""


def find(
    metric: str,
    answers: Mapping[str, Predictions],
    latencies: Mapping[str, float],
    groups: Groups | None = None,
    *,
    seed: int = 0,
) -> Ensemble | None:
    """The ensemble of some trials, judged on the pictures that the best one has answered for.

    Its own answers come from cross-validation: those for a fold of the pictures are given by an
    ensemble that was selected on the other folds. They are compared with those of the model that is
    best on the other folds: the best one on all of them owes a part of its score to luck.

    Args:
        metric: key of a primary metric.
        answers: by trial id, the best one first; those for fewer pictures are left out.
        latencies: by trial id, in any unit; the ensemble takes at most twice as long as the best.
        groups: pictures of one stay in one fold.
        seed: of the folds and the resamples.

    Returns:
        None if no ensemble within the bounds was found, or there are fewer than 50 pictures.
    """
    names, aligned = _usable(answers, latencies)
    if len(names) < 2 or len(aligned[0].labels) < MIN_PICTURES:
        return None
    labels, given = aligned[0].labels, np.stack([each.probabilities for each in aligned])
    moved = [thresholds.as_handed_out(metric, each, groups) for each in aligned]
    are_moved = any(one is not other for one, other in zip(moved, aligned, strict=True))
    # with many classes a copy takes gigabytes
    ranked = np.stack([each.probabilities for each in moved]) if are_moved else given
    pool = _Pool(metric, ranked, labels, np.array([latencies[name] for name in names]))
    rng = np.random.default_rng(seed)
    weights = pool.select(np.arange(len(pool.labels)), rng)
    if np.count_nonzero(weights) < 2:
        return None
    fold_of = picture_groups.folds(aligned[0].sample_ids, groups, rng)
    if fold_of.max() < 1:
        return None
    mixed, single = np.empty_like(given[:2])
    for fold in range(fold_of.max() + 1):
        others, mine = np.flatnonzero(fold_of != fold), fold_of == fold
        mixed[mine] = np.tensordot(pool.select(others, rng), given[:, mine], axes=1)
        single[mine] = given[pool.best(others), mine]
    return judged(
        metric,
        {names[index]: float(weights[index]) for index in np.argsort(-weights) if weights[index]},
        *(Predictions(aligned[0].sample_ids, labels, each) for each in (mixed, single)),
        groups=groups,
    )


def judged(
    metric: str,
    weights: dict[str, float],
    mixed: Predictions,
    single: Predictions,
    *,
    groups: Groups | None = None,
) -> Ensemble:
    """The ensemble of these weights, by its answers and those of single models."""
    ours, theirs = (thresholds.as_handed_out(metric, each, groups) for each in (mixed, single))
    answers = [metrics.answers_for(each.probabilities, each.labels) for each in (ours, theirs)]
    gain = metrics.value(metric, answers[0]) - metrics.value(metric, answers[1])
    members = picture_groups.members(mixed.sample_ids, groups)
    p_value = significance.p_value_between(metric, *answers, members=members)
    is_beyond_noise = gain > 0 and p_value is not None and p_value <= significance.LEVEL
    return Ensemble(weights, mixed, float(gain), is_beyond_noise)


def _usable(
    answers: Mapping[str, Predictions], latencies: Mapping[str, float]
) -> tuple[list[str], list[Predictions]]:
    """The trials that answered for every picture of the first, fast enough to be a member."""
    best_id = next(iter(answers))
    best, bound = answers[best_id], latencies[best_id] * LATENCY_FACTOR
    names = [
        name
        for name, each in answers.items()
        if name == best_id
        or (latencies[name] < bound and np.isin(best.sample_ids, each.sample_ids).all())
    ][:_MAX_CANDIDATES]
    return names, in_common(*(answers[name] for name in names))


def quality(
    metric: str, probabilities: NDArray[np.floating], labels: NDArray[np.integer]
) -> tuple[float, float]:
    """The metric, minus infinity for NaN, and for equal ones the mean log likelihood."""
    likelihood = float(decisions.log_likelihood(probabilities, labels).mean())
    return _score(metric, probabilities, labels), likelihood


def _score(metric: str, probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    value = metrics.primary(metric, probabilities, labels)
    return -np.inf if np.isnan(value) else value


class _Pool(NamedTuple):
    """Candidates, M of them, the best one first."""

    metric: str
    probabilities: NDArray[np.float32]
    """(M, N, K)."""

    labels: decisions.Labels
    latencies: NDArray[np.float64]

    def score(self, probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
        return _score(self.metric, probabilities, labels)

    def best(self, positions: NDArray[np.integer]) -> int:
        """Index of the best model on the pictures at these positions."""
        labels = self.labels[positions]
        return int(np.argmax([self.score(each[positions], labels) for each in self.probabilities]))

    def select(
        self, positions: NDArray[np.integer], rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """(M,) weights by the pictures at these positions: the mean of those in resamples."""
        counts = np.zeros(len(self.latencies))
        work = self.probabilities.size * len(counts) * _MAX_STEPS
        for _ in range(int(np.clip(_MAX_WORK // work, 1, _NUM_BAGS))):
            drawn = positions[rng.integers(len(positions), size=len(positions))]
            chosen = self._grow(drawn)
            counts += chosen / chosen.sum()
        kept: list[int] = []
        for index in np.argsort(-counts, kind="stable").tolist():
            if counts[index] and self._is_within_bounds([*kept, index]):
                kept.append(index)
        weights = np.zeros(len(counts), np.float32)
        weights[kept] = counts[kept] / counts[kept].sum()
        return weights

    def _grow(self, positions: NDArray[np.integer]) -> NDArray[np.float64]:
        """(M,) number of times that each model is in the ensemble."""
        probabilities, labels = self.probabilities[:, positions], self.labels[positions]
        counts, total = np.zeros(len(probabilities)), np.zeros_like(probabilities[0])
        best = (-np.inf, -np.inf)
        for step in range(_MAX_STEPS):
            members = np.flatnonzero(counts).tolist()
            open_ = [
                index
                for index in range(len(counts))
                if index in members or self._is_within_bounds([*members, index])
            ]
            found = [
                quality(self.metric, (total + probabilities[index]) / (step + 1), labels)
                for index in open_
            ]
            chosen = max(range(len(open_)), key=found.__getitem__)
            if step and found[chosen] <= best:
                break
            best = found[chosen]
            counts[open_[chosen]] += 1
            total = total + probabilities[open_[chosen]]
        return counts

    def _is_within_bounds(self, members: Sequence[int]) -> bool:
        latency = self.latencies[list(members)].sum()
        return len(members) <= MAX_MEMBERS and latency <= LATENCY_FACTOR * self.latencies[0]
