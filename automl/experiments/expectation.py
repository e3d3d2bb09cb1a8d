"""Score to expect of the model that is handed out, from the trials' answers on disk."""

import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from automl.experiments import groups, leaderboard, trial_order
from automl.experiments.records import TrialRecord
from automl.texts import mark

if TYPE_CHECKING:
    from automl.evaluation.comparable_scores import Candidate, Comparison
    from automl.evaluation.constant_answer import ConstantAnswer
    from automl.evaluation.expected_score import ExpectedScore
    from automl.evaluation.picture_groups import Groups
    from automl.evaluation.predictions import Predictions
    from automl.experiments.trial_order import Order


class Expectation(NamedTuple):
    """Fields of the experiment's record of the same names."""

    expected_score: float | None = None
    expected_low: float | None = None
    expected_high: float | None = None
    expected_basis: str = ""
    expected_trial: str | None = None


class Found(NamedTuple):
    """Expected score and tests from the answers of all trials together."""

    expectation: Expectation
    """Expected score of the best trial's model."""

    comparable_scores: dict[str, float | None]
    """By trial id; empty if all trials have answered for the same pictures. None: the trial's own
    score ranks it, whatever was found before."""

    equally_good: list[str]
    """Ids of the trials with the best score, see `expected_score.tied`."""

    in_doubt: dict[str, float]
    """By the id of a trial with a long latency that may be better than a part of it by chance only:
    the score that it is ranked by, at most that of the part (see `probe_parts`)."""

    compared: Collection[str] = ()
    """Ids of the trials that were compared."""


def compare(experiment_dir: Path, trials: Sequence[TrialRecord], metric: str) -> Found:
    """Compare the trials, and say what to expect on new pictures, the choice included.

    Only the best `ties.MAX_COMPARED` trials are compared (see `ties.compared`). Without answers of
    the best one nothing is expected. An ensemble is not among them: its answers account for its
    selection, theirs do not (see `ensembles`). If it is the best trial, they say what to expect.
    What is expected rests on the pictures that the trials are scored on.
    """
    singles = {trial.trial_id: trial for trial in trials if not trial.members}
    ranked = _ranked(list(singles.values()), metric)
    order = trial_order.find(experiment_dir, ranked, metric)
    if order is None:
        return Found(Expectation(), {}, [], {})
    rows, together = order.comparison.rows, groups.of(experiment_dir)
    combined = [trial for trial in trials if trial.members and trial.may_be_best]
    if combined:
        handed_out = max(combined, key=lambda trial: trial.ranking_score(metric) or 0.0)
        own = trial_order.candidate(experiment_dir, handed_out, metric)
        scored = [order.scored[row.trial_id] for row in rows]
        expectation = _of_first(metric, [own, *scored], together)
    else:
        handed_out = singles[order.best.trial_id]
        if order.counts_training:
            expectation = _on_given(metric, order, together)
        else:
            expectation = _expectation(metric, order.comparison, order.tied[0], together)
    expectation = _with_gain(expectation, handed_out, metric)
    expectation = _with_refit(expectation, handed_out)
    expectation = expectation._replace(expected_trial=handed_out.trial_id)
    scores = order.scores(singles, metric)
    told: dict[str, float | None] = {}
    if order.counts_training or len({len(row.predictions.labels) for row in rows}) > 1:
        told.update(scores)
    elif order.given_decide:
        told = dict.fromkeys(name for name, trial in singles.items() if trial.may_be_best)
    elif any(_is_told(trial, metric) for trial in ranked):  # those that are not compared any more
        told.update(scores)
    in_doubt = {trial_id: scores[part] for trial_id, part in order.part_ids.items()}
    tied = [rows[index].trial_id for index in order.tied]
    return Found(expectation, told, tied, in_doubt, list(order.scored))


def _ranked(trials: Sequence[TrialRecord], metric: str) -> list[TrialRecord]:
    """Trials with a score, the best first, by what a comparison is likely to make of each.

    A trial that was not compared yet has a score on its own pictures alone. It is moved by as much
    as those of others on the same pictures were on average. The best one with answers for the most
    pictures comes second, because a comparison without it has another level.
    """
    moves: dict[object, list[float]] = {}
    for trial in trials:
        if _is_told(trial, metric):
            moved = trial.comparable_scores[metric] - trial_order.own_score(trial, metric)
            moves.setdefault(trial.evidence, []).append(moved)

    def place(trial: TrialRecord) -> tuple[bool, float]:
        score = trial.ranking_score(metric) or 0.0
        if metric not in trial.comparable_scores and trial.evidence in moves:
            score += fmean(moves[trial.evidence])
        return math.isnan(score), -score

    ranked = sorted(leaderboard.by_score(trials, metric), key=place)
    answers = [_num_answers(trial) for trial in ranked]
    widest = answers.index(max(answers)) if answers else 0
    if widest:
        ranked.insert(1, ranked.pop(widest))
    return ranked


def _num_answers(trial: TrialRecord) -> int:
    known = trial.evidence
    return known.num_pictures + known.num_out_of_fold if known else 0


def _is_told(trial: TrialRecord, metric: str) -> bool:
    """True if trials were compared that had answered for different pictures, this one among them.

    One in doubt has the score of another trial instead.
    """
    return trial.may_be_best and metric in trial.comparable_scores


def _on_given(metric: str, order: "Order", together: "Groups") -> Expectation:
    """That of the best trial by its answers for given pictures, which others chose it with.

    If it is the best one on the given pictures, too, they may have had their part by chance.
    """
    from automl.evaluation import comparable_scores  # slow to import

    best = order.scored[order.best.trial_id]
    others = [order.scored[row.trial_id] for row in order.comparison.rows]
    others = [row for row in others if row is not best]
    comparison = comparable_scores.compare(metric, [best, *others], together)
    if comparison is None or comparison.rows[0] is not best:
        return Expectation()
    if comparison.scores[0] == comparison.scores.max():
        return _expectation(metric, comparison, 0, together)
    return _of_first(metric, [best, *others], together)


def constant_answer(
    experiment_dir: Path, metric: str, predictions: "Predictions", trials: Sequence[TrialRecord]
) -> "ConstantAnswer | None":
    """The score of always answering the most frequent class, beside that of the best trial.

    Args:
        experiment_dir: directory of the experiment.
        metric: key of the primary metric.
        predictions: answers of the best trial.
        trials: the trials that it was chosen from.
    """
    from automl.evaluation import constant_answer  # slow to import

    num_scored = sum(trial.best_evaluation() is not None for trial in trials)
    together = groups.of(experiment_dir)
    return constant_answer.compare(metric, predictions, together, num_trials=max(1, num_scored))


def _with_gain(expectation: Expectation, trial: TrialRecord, metric: str) -> Expectation:
    """Say why more is expected than the score that stands beside it, if it is."""
    has_folds = trial.evidence is not None and trial.evidence.trained_share < 1
    if not has_folds or (expectation.expected_score or 0.0) <= (trial.score(metric) or 0.0):
        return expectation
    said = mark(
        "The model itself learns from more pictures than the models that were scored, so a little "
        "more than their score is expected."
    )
    return expectation._replace(expected_basis=f"{expectation.expected_basis} {said}")


def _with_refit(expectation: Expectation, trial: TrialRecord) -> Expectation:
    """Say that the model which is handed out was fitted again after these answers."""
    if not trial.refitted_on:
        return expectation
    said = mark("The model was then fitted again to all {pictures} pictures.").format(
        pictures=f"{trial.refitted_on:,}"
    )
    return expectation._replace(expected_basis=f"{expectation.expected_basis} {said}".lstrip())


def _of_first(metric: str, rows: "Sequence[Candidate]", together: "Groups") -> Expectation:
    """That of the first row alone: it was not chosen by these scores."""
    comparison = _as_shown(metric, rows, together)
    if comparison is None:
        return Expectation()
    alone = comparison._replace(
        rows=comparison.rows[:1],
        scores=comparison.scores[:1],
        resampled=comparison.resampled[:, :1],
        num_groups=comparison.num_groups[:1],
    )
    return _of_chosen(alone, 0)


def _expectation(metric: str, ranked: "Comparison", chosen: int, together: "Groups") -> Expectation:
    """That of a trial which was chosen by the ranked scores, in the scores that are shown."""
    if all(row.unmoved is None for row in ranked.rows):
        return _of_chosen(ranked, chosen)
    shown = _as_shown(metric, ranked.rows, together)
    return Expectation() if shown is None else _of_chosen(shown, chosen, ranked)


def _as_shown(metric: str, rows: "Sequence[Candidate]", together: "Groups") -> "Comparison | None":
    from automl.evaluation import comparable_scores  # slow to import

    unmoved = [replace(row, predictions=row.as_shown) for row in rows]
    return comparable_scores.compare(metric, unmoved, together)


def _of_chosen(
    comparison: "Comparison", chosen: int, ranked: "Comparison | None" = None
) -> Expectation:
    from automl.evaluation import expected_score  # slow to import

    expected = expected_score.expected_score(comparison, chosen, ranked)
    if expected is not None:
        return Expectation(expected.score, expected.low, expected.high, _basis(expected))
    num_pictures = len(comparison.rows[chosen].predictions.labels)
    return Expectation(
        expected_basis=mark(
            "It was tried on {pictures} pictures only: too few to say what to expect on new ones, "
            "which takes {needed}."
        ).format(pictures=num_pictures, needed=expected_score.MIN_PICTURES)
    )


def _basis(expected: "ExpectedScore") -> str:
    of_several = mark(
        "Each of {pictures} pictures was predicted by a model that has not seen it; the choice "
        "among {trials} trials is included."
    )
    of_one = mark("Each of {pictures} pictures was predicted by a model that has not seen it.")
    template = of_several if expected.num_trials > 1 else of_one
    return template.format(pictures=f"{expected.num_pictures:,}", trials=expected.num_trials)
