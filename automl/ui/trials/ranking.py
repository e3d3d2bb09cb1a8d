"""Trial records in the order of the leaderboard."""

from collections.abc import Sequence

from automl.experiments import leaderboard
from automl.experiments.records import TrialRecord


def by_score(trials: Sequence[TrialRecord], primary_metric: str) -> list[TrialRecord]:
    """The trials with an evaluation, best first; diverged ones (NaN) last."""
    by_id = {trial.trial_id: trial for trial in trials}
    ranked = leaderboard.rank(trials, primary_metric)["trial_id"].tolist()
    return [by_id[trial_id] for trial_id in ranked if by_id[trial_id].best_evaluation()]
