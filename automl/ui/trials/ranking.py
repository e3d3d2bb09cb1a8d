"""Trial records in the order of the leaderboard."""

from collections.abc import Sequence

from automl.experiments import leaderboard
from automl.experiments.records import TrialRecord


def by_score(trials: Sequence[TrialRecord], primary_metric: str) -> list[TrialRecord]:
    """The trials with an evaluation, best first; diverged ones (NaN) last."""
    scored = [trial for trial in trials if trial.best_evaluation()]
    return leaderboard.in_order(scored, primary_metric)
