"""Trials as a ranked table, best first, with their intervals. Pure."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from automl.errors import UserError
from automl.experiments.records import ExperimentRecord, TrialRecord

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "rank",
    "trial_id",
    "number",
    "state",
    "reason",
    "model_name",
    "title",
    "score",
    "score_low",
    "score_high",
    "tied_with_best",
    "epochs",
    "best_epoch",
    "learning_rate",
    "seconds",
    "hyperparameters",
    "notes",
)


def in_order(trials: Sequence[TrialRecord], primary_metric: str) -> list[TrialRecord]:
    """Sort the trials: scored ones from best to worst, diverged ones (NaN), unevaluated ones.

    Equal scores are in the order of their cost as far as the engine has compared it (see
    `TrialRecord.cost_rank`), then in the order of sampling.
    """
    return sorted(trials, key=lambda trial: _sort_key(trial, primary_metric))


def by_score(trials: Sequence[TrialRecord], primary_metric: str) -> list[TrialRecord]:
    """Select the trials with an evaluation, best first; diverged ones (NaN) last."""
    scored = [trial for trial in trials if trial.best_evaluation()]
    return in_order(scored, primary_metric)


def best_trial_id(
    record: ExperimentRecord, trials: Sequence[TrialRecord], primary_metric: str
) -> str:
    """Return the id of the experiment's best trial.

    Raises:
        UserError: no trial is the best; the message says why and lists trials to name instead.
    """
    if record.best_trial is not None:
        return record.best_trial
    name = record.experiment_id
    scored = [trial.trial_id for trial in by_score(trials, primary_metric)]
    if not scored:
        raise UserError(f"{name} has no best trial yet: it is {record.state}.")
    raise UserError(
        f"{name} has no best trial: the {primary_metric} of every trial is NaN. "
        f"Name a trial: {', '.join(scored[:10])}."
    )


def _sort_key(trial: TrialRecord, primary_metric: str) -> tuple[int, float, int, int]:
    score = trial.ranking_score(primary_metric)
    if score is None:
        return 2, 0.0, 0, trial.number
    if math.isnan(score):
        return 1, 0.0, 0, trial.number
    return 0, -score, trial.cost_rank, trial.number


def rank(
    trials: Sequence[TrialRecord],
    primary_metric: str,
    p_values: Mapping[str, float | None] | None = None,
) -> "pd.DataFrame":
    """Return one row for each trial, sorted by `in_order`.

    Equal scores share a rank. `rank` and `best_epoch` are <NA> for a trial without a score.

    Args:
        trials: in any order.
        primary_metric: key of the metric to rank by.
        p_values: p-value of each trial against the best one, by trial id (see `ties.p_values`).
            `tied_with_best` is True for the best trial and for p-values above 5 %, and <NA> for
            trials without a p-value.
    """
    import pandas as pd  # slow

    ordered = in_order(trials, primary_metric)
    rows = [_row(trial, primary_metric) for trial in ordered]
    table = pd.DataFrame(rows, columns=pd.Index(COLUMNS))
    numbers = ("score", "score_low", "score_high", "learning_rate", "seconds")
    table = table.astype(dict.fromkeys(numbers, "float64") | {"best_epoch": "Int64"})
    ranking = pd.Series([trial.ranking_score(primary_metric) for trial in ordered], dtype="float64")
    table["rank"] = ranking.rank(method="min", ascending=False).astype("Int64")
    known = p_values or {}
    tied = [_is_tied(known.get(trial_id)) for trial_id in table["trial_id"].tolist()]
    table["tied_with_best"] = pd.array(tied, dtype="boolean")
    table.loc[table["rank"].eq(1).fillna(False).astype(bool), "tied_with_best"] = True
    return table


def num_tied(
    ranked: Sequence[TrialRecord], primary_metric: str, p_values: Mapping[str, float | None]
) -> int:
    """Count the trials that are tied with the best one, which comes first.

    Args:
        ranked: trials with a score, best first.
        primary_metric: key of the metric that they are ranked by.
        p_values: see `rank`.
    """
    best = ranked[0].ranking_score(primary_metric)
    return sum(
        trial.ranking_score(primary_metric) == best
        or _is_tied(p_values.get(trial.trial_id)) is True
        for trial in ranked[1:]
    )


def _is_tied(p_value: float | None) -> bool | None:
    from automl.evaluation.significance import LEVEL  # slow

    return None if p_value is None else p_value > LEVEL


def _row(trial: TrialRecord, primary_metric: str) -> dict[str, Any]:
    settings = {**trial.hyperparameters, **trial.effective}
    return {
        "trial_id": trial.trial_id,
        "number": trial.number,
        "state": trial.state.value,
        "reason": trial.reason,
        "model_name": trial.model_name,
        "title": trial.title,
        "score": trial.score(primary_metric),
        "score_low": trial.score_low,
        "score_high": trial.score_high,
        "epochs": trial.evaluations[-1].epoch if trial.evaluations else 0,
        "best_epoch": trial.best_epoch,
        "learning_rate": settings.get("learning_rate"),
        "seconds": trial.seconds,
        "hyperparameters": trial.hyperparameters,
        "notes": trial.notes,
    }
