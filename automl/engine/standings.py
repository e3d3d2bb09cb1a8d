"""Best trial and progress of the search. Pure."""

from collections.abc import Sequence
from typing import Any

from automl.experiments.records import TrialRecord


class Standings:
    """Kept up to date trial by trial: with a thousand trials every evaluation asks for them."""

    def __init__(self, primary_metric: str) -> None:
        self._primary_metric = primary_metric
        self._ranks: dict[str, tuple[float, int, int]] = {}
        self._scores: dict[str, float] = {}
        self._shares_done: dict[str, float] = {}

    def update(self, trial: TrialRecord) -> None:
        """Take in the new record of a trial."""
        self._shares_done[trial.trial_id] = _share_done(trial)
        score = self.score(trial)
        if score is None or not trial.may_be_best:
            self._ranks.pop(trial.trial_id, None)
        else:
            ranking = trial.ranking_score(self._primary_metric)
            assert ranking is not None  # there is a score
            self._ranks[trial.trial_id] = (ranking, -trial.cost_rank, -trial.number)
            self._scores[trial.trial_id] = score

    def score(self, trial: TrialRecord) -> float | None:
        """The trial's best score so far; None if it has none or NaN."""
        score = trial.score(self._primary_metric)
        return None if score is None or score != score else score

    def best(self) -> str | None:
        """Id of the trial with the highest score (see `leaderboard.in_order` for equal ones)."""
        return max(self._ranks, key=self._ranks.__getitem__, default=None)

    def best_changes(self, improvements: Sequence[float]) -> dict[str, Any]:
        """Fields of the experiment's record about its best trial.

        Args:
            improvements: scores that were the best of their time, as recorded. Those of a trial
                that is run anew do not count any more.
        """
        best = self.best()
        score = None if best is None else self._scores[best]
        if score is not None:
            improvements = [*(each for each in improvements if each < score), score]
        return {
            "best_trial": best,
            "best_score": score,
            "improvements": list(improvements) if score is not None else [],
        }

    def forget(self, trial_id: str) -> None:
        """Take out a trial whose record is removed."""
        for known in (self._ranks, self._scores, self._shares_done):
            known.pop(trial_id, None)

    def progress(self, num_trials: int) -> float:
        """Share of the planned epochs that are done; a finished trial counts as whole."""
        return min(1.0, sum(self._shares_done.values()) / max(1, num_trials))


def _share_done(trial: TrialRecord) -> float:
    """Share of the trial's planned epochs that are done."""
    if trial.state.is_finished:
        return 1.0
    planned = trial.effective.get("number_of_epochs", 0)
    return trial.evaluations[-1].epoch / planned if trial.evaluations and planned else 0.0
