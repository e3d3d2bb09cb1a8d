"""Score to expect of the model that is handed out, from the trials' answers on disk."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

from automl.experiments import groups, leaderboard, own_thresholds, probe_parts, store, ties
from automl.experiments.records import TrialRecord
from automl.texts import mark

if TYPE_CHECKING:
    from automl.evaluation.comparable_scores import Candidate, Comparison
    from automl.evaluation.constant_answer import ConstantAnswer
    from automl.evaluation.expected_score import ExpectedScore
    from automl.evaluation.picture_groups import Groups
    from automl.evaluation.predictions import Predictions


class Expectation(NamedTuple):
    """Fields of the experiment's record of the same names."""

    expected_score: float | None = None
    expected_low: float | None = None
    expected_high: float | None = None
    expected_basis: str = ""


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


class _Order(NamedTuple):
    """Trials in the order in which they are handed out."""

    comparison: "Comparison"
    tied: list[int]
    """Rows with the best score, the one to hand out first."""

    part_ids: dict[str, str]
    """See `probe_parts.not_better`."""

    @property
    def best(self) -> "Candidate":
        """The trial to hand out."""
        return self.comparison.rows[self.tied[0]]


def compare(experiment_dir: Path, trials: Sequence[TrialRecord], metric: str) -> Found:
    """Compare the trials, and say what to expect on new pictures, the choice included.

    Only the best `ties.MAX_COMPARED` trials are compared (see `ties.compared`). Without answers of
    the best one nothing is expected. An ensemble is not among them: its answers account for its
    selection, theirs do not (see `ensembles`). If it is the best trial, they say what to expect.

    Where the data name the validation pictures, what is expected rests on them. The order rests on
    the training pictures, too, as far as models on frozen features have answered for them out of
    fold, unless that order contradicts the validation pictures: a few hundred of them tell good
    models apart less well than chance mixes them up (`python -m benchmarks.probe_choice --given`).
    """
    ranked = leaderboard.by_score([trial for trial in trials if not trial.members], metric)
    known = {
        trial.trial_id: trial
        for trial in ties.compared(experiment_dir, ranked)
        if store.predictions_path(experiment_dir, trial.trial_id).is_file()
    }
    values = {trial.trial_id: trial.hyperparameters for trial in ranked}
    together = groups.of(experiment_dir)
    rows = {name: _candidate(experiment_dir, trial, metric) for name, trial in known.items()}
    given = _ordered(metric, rows.values(), values, together)
    if given is None:
        return Found(Expectation(), {}, [], {})
    order = given
    has_more = any(store.out_of_fold_path(experiment_dir, name).is_file() for name in known)
    if has_more:
        more = [_with_out_of_fold(experiment_dir, trial, metric) for trial in known.values()]
        found = _ordered(metric, more, values, together)
        if found is not None and not _contradict(metric, rows, given.best, found.best):
            order = found
    combined = [trial for trial in trials if trial.members and trial.may_be_best]
    best_id = order.best.trial_id
    if combined:
        handed_out = max(combined, key=lambda trial: trial.ranking_score(metric) or 0.0)
        own = _candidate(experiment_dir, handed_out, metric)
        expectation = _of_first(metric, [own, *given.comparison.rows], together)
    else:
        handed_out = known[best_id]
        if best_id == given.best.trial_id:
            expectation = _expectation(metric, given.comparison, given.tied[0], together)
        else:  # it was not chosen by these scores alone
            others = [row for row in given.comparison.rows if row.trial_id != best_id]
            expectation = _of_first(metric, [rows[best_id], *others], together)
    expectation = _with_gain(expectation, handed_out, metric)
    expectation = _with_refit(expectation, handed_out)
    scores = _scores(metric, order, known if order is not given else {})
    differ = len({len(row.predictions.labels) for row in order.comparison.rows}) > 1
    told: dict[str, float | None] = {}
    if differ or order is not given:
        told.update(scores)
    elif has_more:
        told = dict.fromkeys(scores)
    in_doubt = {trial_id: scores[part] for trial_id, part in order.part_ids.items()}
    equally_good = [order.comparison.rows[index].trial_id for index in order.tied]
    return Found(expectation, told, equally_good, in_doubt)


def _ordered(
    metric: str,
    rows: "Iterable[Candidate]",
    values: Mapping[str, Mapping[str, Any]],
    together: "Groups",
) -> _Order | None:
    """The order of some trials with these hyperparameters; None if none has a score."""
    from automl.evaluation import comparable_scores, expected_score  # slow to import

    every = list(rows)
    part_ids = probe_parts.not_better(metric, every, values)
    certain = [row for row in every if row.trial_id not in part_ids]
    comparison = comparable_scores.compare(metric, certain, together)
    if comparison is None:
        return None
    return _Order(comparison, expected_score.tied(comparison), part_ids)


def _contradict(
    metric: str, rows: "Mapping[str, Candidate]", best: "Candidate", other: "Candidate"
) -> bool:
    """True if on the given pictures their best trial is better than another one beyond noise."""
    from automl.evaluation import significance  # slow to import
    from automl.evaluation.predictions import in_common

    if best.trial_id == other.trial_id:
        return False
    ours, theirs = in_common(best.predictions, rows[other.trial_id].predictions)
    p_value = significance.p_value_of_difference(
        metric, ours.probabilities, theirs.probabilities, ours.labels
    )
    return p_value is not None and p_value < significance.LEVEL


def _scores(
    metric: str, order: _Order, scored_on_given: Mapping[str, TrialRecord]
) -> dict[str, float]:
    """The scores that rank the trials, by id.

    Those over more pictures than the given ones have the level of the scores on the given ones:
    the errors of all trials are multiplied by one factor.
    """
    ids = [row.trial_id for row in order.comparison.rows]
    scores = order.comparison.scores
    own = [_own_score(trial, metric) for name, trial in scored_on_given.items() if name in ids]
    if own:
        errors, of_own = 1 - float(scores.mean()), 1 - fmean(own)
        scores = 1 - (1 - scores) * (of_own / errors if errors > 0 < of_own else 1.0)
    return dict(zip(ids, scores.tolist(), strict=True))


def _own_score(trial: TrialRecord, metric: str) -> float:
    return trial.own_scores.get(metric, trial.score(metric) or 0.0)


def constant_answer(
    metric: str, predictions: "Predictions", trials: Sequence[TrialRecord]
) -> "ConstantAnswer | None":
    """The score of always answering the most frequent class, beside that of the best trial.

    Args:
        metric: key of the primary metric.
        predictions: answers of the best trial.
        trials: the trials that it was chosen from.
    """
    from automl.evaluation import constant_answer  # slow to import

    num_scored = sum(trial.best_evaluation() is not None for trial in trials)
    return constant_answer.compare(metric, predictions, num_trials=max(1, num_scored))


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


def _candidate(experiment_dir: Path, trial: TrialRecord, metric: str) -> "Candidate":
    """The trial with its answers for the pictures that it is scored on."""
    answers = store.load_predictions(store.predictions_path(experiment_dir, trial.trial_id))
    return _with_answers(experiment_dir, trial, metric, answers)


def _with_out_of_fold(experiment_dir: Path, trial: TrialRecord, metric: str) -> "Candidate":
    """The trial with those for the training pictures, too, if it has any."""
    answers = store.load_predictions(store.predictions_path(experiment_dir, trial.trial_id))
    further = store.out_of_fold_path(experiment_dir, trial.trial_id)
    if further.is_file():
        answers = answers.joined(store.load_predictions(further))
    return _with_answers(experiment_dir, trial, metric, answers)


def _with_answers(
    experiment_dir: Path, trial: TrialRecord, metric: str, answers: "Predictions"
) -> "Candidate":
    from automl.evaluation.comparable_scores import Candidate

    moved = own_thresholds.applied(experiment_dir, answers, metric)
    latency = float(trial.effective.get("latency_ms") or math.inf)
    learns = trial.method != "majority_class"  # a constant answer gains nothing by more pictures
    share = trial.evidence.trained_share if trial.evidence and learns else 1.0
    return Candidate(
        trial.trial_id,
        moved,
        share=share,
        cost=(latency, trial.number),
        unmoved=None if moved is answers else answers,
    )
