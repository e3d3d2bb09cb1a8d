"""Trials that are statistically tied with the best one, from their answers on disk."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from automl.evaluation.predictions import Predictions
from automl.experiments import leaderboard, store
from automl.experiments.records import TrialRecord

MAX_COMPARED = 20
_MAX_COMPARED_LARGE, _LARGE_BYTES = 4, 10_000_000


def p_values(
    experiment_dir: Path, trials: Sequence[TrialRecord], metric: str
) -> dict[str, float | None]:
    """P-value against the best trial, by trial id; see `against_best`.

    Only the best `MAX_COMPARED` trials are compared (see `compared`).
    """
    answers = {}
    for trial in compared(experiment_dir, leaderboard.by_score(trials, metric)):
        path = store.predictions_path(experiment_dir, trial.trial_id)
        if path.is_file():
            answers[trial.trial_id] = store.load_predictions(path)
    return against_best(answers, metric)


def compared(experiment_dir: Path, ranked: Sequence[TrialRecord]) -> Sequence[TrialRecord]:
    """The trials that are compared with the best one, which comes first.

    Empty if the answers of the best one are missing. Four if the file of its answers is larger
    than 10 MB, because reading and sorting more of them takes too long.
    """
    best = store.predictions_path(experiment_dir, ranked[0].trial_id) if ranked else None
    if best is None or not best.is_file():
        return []
    is_large = best.stat().st_size > _LARGE_BYTES
    return ranked[: _MAX_COMPARED_LARGE if is_large else MAX_COMPARED]


def against_best(answers: Mapping[str, Predictions], metric: str) -> dict[str, float | None]:
    """P-value of each trial against the best one, without the best one itself.

    See `evaluation.significance.p_values_against_best` for the test.

    Args:
        answers: by trial id; those of the best trial come first.
        metric: key of the primary metric.

    Returns:
        By trial id; None for a trial that was scored on other pictures than the best one, or whose
        score is NaN.
    """
    from automl.evaluation import significance  # slow to import

    if not answers:
        return {}
    best_id, *other_ids = answers
    best = answers[best_id]
    same = [name for name, one in answers.items() if one.is_about_the_same_as(best)]
    values = significance.p_values_against_best(
        metric, [answers[name].probabilities for name in same], best.labels
    )
    known = dict(zip(same, values, strict=True))
    return {name: known.get(name) for name in other_ids}
