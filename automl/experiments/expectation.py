"""Score to expect of the model that is handed out, from the trials' answers on disk."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from automl.experiments import leaderboard, store, ties
from automl.experiments.records import TrialRecord
from automl.jobs.hyperparameters import is_mirrored

if TYPE_CHECKING:
    from automl.evaluation.comparable_scores import Candidate, Comparison
    from automl.evaluation.constant_answer import ConstantAnswer
    from automl.evaluation.expected_score import ExpectedScore
    from automl.evaluation.predictions import Predictions


class Expectation(NamedTuple):
    """Fields of the experiment's record of the same names."""

    expected_score: float | None = None
    expected_low: float | None = None
    expected_high: float | None = None
    expected_basis: str = ""


class Found(NamedTuple):
    """What the answers of all trials say together."""

    expectation: Expectation
    """Of the best trial's model."""

    comparable_scores: dict[str, float]
    """By trial id; empty if all trials have answered for the same pictures."""

    equally_good: list[str]
    """Ids of the trials with the best score, the cheapest first."""

    in_doubt: dict[str, float]
    """By the id of a trial that looks at mirror images, too, and may be better by chance only: the
    score that it is ranked by, at most that of the same trial without them."""


def compare(experiment_dir: Path, trials: Sequence[TrialRecord], metric: str) -> Found:
    """Compare the trials, and say what to expect on new pictures, the choice included.

    Only the best `ties.MAX_COMPARED` trials are compared (see `ties.compared`). Without answers of
    the best one nothing is expected. An ensemble is not among them: its answers account for its
    selection, theirs do not (see `ensembles`). If it is the best trial, they say what to expect.
    """
    from automl.evaluation import comparable_scores, expected_score  # slow to import

    ranked = leaderboard.by_score([trial for trial in trials if not trial.members], metric)
    rows = [
        _candidate(experiment_dir, trial)
        for trial in ties.compared(experiment_dir, ranked)
        if store.predictions_path(experiment_dir, trial.trial_id).is_file()
    ]
    plain_ids = _in_doubt(metric, rows, {trial.trial_id: trial for trial in ranked})
    rows = [row for row in rows if row.trial_id not in plain_ids]
    comparison = comparable_scores.compare(metric, rows, groups(experiment_dir))
    if comparison is None:
        return Found(Expectation(), {}, [], {})
    chosen = expected_score.choose(comparison)
    differ = len({len(row.predictions.labels) for row in comparison.rows}) > 1
    scores = {
        row.trial_id: score
        for row, score in zip(comparison.rows, comparison.scores.tolist(), strict=True)
    }
    best = scores[comparison.rows[chosen].trial_id]
    by_cost = sorted(comparison.rows, key=lambda row: row.cost)
    equally_good = [row.trial_id for row in by_cost if scores[row.trial_id] == best]
    ensemble = next((trial for trial in trials if trial.members and trial.may_be_best), None)
    if ensemble is None:
        expectation = _expectation(comparison, chosen)
        chosen_id = comparison.rows[chosen].trial_id
        handed_out = next(trial for trial in ranked if trial.trial_id == chosen_id)
    else:
        handed_out = ensemble
        own = _candidate(experiment_dir, ensemble)
        expectation = _of_ensemble(
            comparable_scores.compare(metric, [own, *rows], groups(experiment_dir))
        )
    expectation = _with_refit(expectation, handed_out)
    in_doubt = {trial_id: scores[plain] for trial_id, plain in plain_ids.items()}
    return Found(expectation, scores if differ else {}, equally_good, in_doubt)


def _in_doubt(
    metric: str, rows: "Sequence[Candidate]", trials: Mapping[str, TrialRecord]
) -> dict[str, str]:
    """Rows that look at mirror images, too, without being better beyond noise.

    They take twice as long as the same trial without mirror images, so they have to earn it: with a
    better score, and a loss that is lower by the paired test.

    Returns:
        The id of the trial without mirror images, by that of the trial with them.
    """
    from automl.evaluation import metrics, significance  # slow to import
    from automl.evaluation.predictions import in_common

    mirrored = [row for row in rows if is_mirrored(trials[row.trial_id].hyperparameters)]
    plain_rows = {
        _without_mirroring(trials[row.trial_id]): row for row in rows if row not in mirrored
    }
    found = {}
    for row in mirrored:
        plain = plain_rows.get(_without_mirroring(trials[row.trial_id]))
        if plain is None:
            continue
        mine, other = in_common(row.predictions, plain.predictions)
        ours, theirs = (metrics.primary(metric, e.probabilities, e.labels) for e in (mine, other))
        is_better = ours > theirs and significance.is_less_wrong(mine, other)
        if not (is_better or math.isnan(theirs)):
            found[row.trial_id] = plain.trial_id
    return found


def _without_mirroring(trial: TrialRecord) -> str:
    """Text of all hyperparameters but `mirrored_features`."""
    kept = {k: v for k, v in trial.hyperparameters.items() if k != "mirrored_features"}
    return json.dumps(kept, sort_keys=True)


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


def _with_refit(expectation: Expectation, trial: TrialRecord) -> Expectation:
    """Say that the model which is handed out was fitted again after these answers."""
    if not trial.refitted_on:
        return expectation
    said = f"The model was then fitted again to all {trial.refitted_on:,} pictures."
    return expectation._replace(expected_basis=f"{expectation.expected_basis} {said}".lstrip())


def _of_ensemble(comparison: "Comparison | None") -> Expectation:
    """That of the first row alone: it was not chosen by these scores."""
    if comparison is None:
        return Expectation()
    alone = comparison._replace(
        rows=comparison.rows[:1],
        scores=comparison.scores[:1],
        resampled=comparison.resampled[:, :1],
    )
    return _expectation(alone, 0)


def _expectation(comparison: "Comparison", chosen: int) -> Expectation:
    from automl.evaluation import expected_score  # slow to import

    expected = expected_score.expected_score(comparison, chosen)
    if expected is not None:
        return Expectation(expected.score, expected.low, expected.high, _basis(expected))
    num_pictures = len(comparison.rows[chosen].predictions.labels)
    return Expectation(
        expected_basis=f"It was tried on {num_pictures} pictures only: too few to say what to "
        f"expect on new ones, which takes {expected_score.MIN_PICTURES}."
    )


def _basis(expected: "ExpectedScore") -> str:
    among = f"; the choice among {expected.num_trials} trials is included"
    return (
        f"Each of {expected.num_pictures:,} pictures was predicted by a model that has not seen it"
        f"{among if expected.num_trials > 1 else ''}."
    )


def _candidate(experiment_dir: Path, trial: TrialRecord) -> "Candidate":
    from automl.evaluation.comparable_scores import Candidate

    path = store.predictions_path(experiment_dir, trial.trial_id)
    answers = store.load_predictions(path)
    latency = float(trial.effective.get("latency_ms") or math.inf)
    share = trial.evidence.trained_share if trial.evidence else 1.0
    return Candidate(trial.trial_id, answers, share=share, cost=(latency, trial.number))


def groups(experiment_dir: Path) -> dict[int, int]:
    """Groups of pictures that are copies, nearly the same, or of one `group`, by sample id."""
    from automl.dataset import near_duplicates, split

    if not store.samples_path(experiment_dir).is_file():
        return {}
    samples = store.load_samples(experiment_dir)
    if "near_duplicate_group" not in samples:  # written by an earlier version
        return {}
    keys = [near_duplicates.sameness(samples)]
    keys += [samples["group"]] if "group" in samples else []
    numbers = split.sharing(*keys).tolist()
    return dict(zip(samples["id"].tolist(), numbers, strict=True))
