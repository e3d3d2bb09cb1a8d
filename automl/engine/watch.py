"""Reasons to end the search, or one trial, that do not come from training.

They are: the user, the time limit, the exit score, a full disk, short memory and lost GPUs.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ray import tune

from automl.engine import disk, ray_internals
from automl.engine.results import Results
from automl.experiments import endings, store
from automl.experiments.records import TrialState
from automl.jobs.job import Job
from automl.texts import mark


@dataclass(frozen=True)
class Ending:
    """Reason to end the search before its last trial."""

    reason: str
    is_success: bool
    is_good_enough: bool = False
    """A trial has the score at which the job wants its model, and nothing better."""

    is_disk_full: bool = False
    is_memory_short: bool = False
    """The memory of the machine was short: the search goes on with fewer trials at a time."""


class Watch(tune.Stopper):  # type: ignore[misc]
    """Looks for such reasons, and tells Tune and the workers.

    Workers learn it from Ray's key-value store, since they may be on other machines.
    """

    def __init__(self, job: Job, results: Results) -> None:
        self.ending: Ending | None = None
        self.key = f"automl/{results.experiment.experiment_id}/{time.time_ns()}"
        """Prefix of this search's keys in Ray's key-value store."""

        self.seconds_for_end: Callable[[], float] = lambda: 0.0
        """Returns the seconds before the time limit at which it ends the search already."""

        self._job, self._results = job, results

    def __call__(self, trial_id: str, result: Mapping[str, Any]) -> bool:
        """Never end a trial on account of a result; the scheduler does."""
        return False

    def stop_all(self) -> bool:
        """Tune asks this after every event."""
        return self.ending is not None

    def look(self) -> None:
        """Check everything that can happen at any time."""
        self._results.time_limit.correct_deadline()
        if disk.is_short(self._results.experiment_dir):
            self.end_for_disk()
        if store.stop_requested(self._results.experiment_dir):
            self.end(Ending(endings.STOPPED_BY_USER, is_success=False))
        elif self._results.time_limit.is_reached():
            minutes = self._job.limits.timeout_minutes
            self.end(Ending(endings.LIMIT_REACHED.format(minutes=minutes), is_success=True))
        elif self._results.time_limit.seconds_left() <= self.seconds_for_end():
            minutes = self._job.limits.timeout_minutes
            self.end(Ending(endings.LIMIT_NEAR.format(minutes=minutes), is_success=True))
        self.look_at_score()  # the engine before this one may have died before it could end
        for trial_id in store.trials_to_stop(self._results.experiment_dir):
            self._stop_trial(trial_id)

    def _stop_trial(self, trial_id: str) -> None:
        # the file that asks for it may name anything: any program can write it
        trial = self._results.trials.get(trial_id)
        if trial is not None and not trial.state.is_finished:
            self.cancel(trial_id)
            self._results.ended(trial_id, TrialState.STOPPED, endings.STOPPED_BY_USER)

    def look_at_score(self) -> None:
        """End the search if the best model, which is on disk by now, has the exit score."""
        exit_score, best = self._job.limits.exit_score, self._results.experiment.best_score
        if exit_score is not None and best is not None and best >= exit_score:
            metric = self._job.primary_metric
            reason = mark("The exit score was reached: {metric} {best} of {exit_score}.").format(
                metric=metric, best=f"{best:.4g}", exit_score=f"{exit_score:.4g}"
            )
            self.end(Ending(reason, is_success=True, is_good_enough=True))

    def end(self, ending: Ending) -> None:
        """End the search; only the first reason counts."""
        if self.ending is None:
            self.ending = ending
            self.cancel("all")

    def end_for_disk(self) -> None:
        """End the search because the disk is full."""
        sentence = disk.sentence(self._results.experiment_dir)
        self.end(Ending(sentence, is_success=False, is_disk_full=True))

    def end_for_memory(self) -> None:
        """End the search so that it goes on with fewer trials at a time, if there are several."""
        if self._results.experiment.max_concurrent_trials > 1:
            self.end(Ending(mark("The memory was short."), is_success=False, is_memory_short=True))

    def cancel(self, name: str) -> None:
        """Tell the worker of a trial, by its id, or every worker, by `all`, to stop."""
        ray_internals.put(f"{self.key}/{name}", b"1")
