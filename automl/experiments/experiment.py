"""One experiment as an object, for the Python API and the command line."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from automl.errors import UserError
from automl.experiments import endings, launcher, leaderboard, store, ties
from automl.experiments.endings import Extent
from automl.experiments.records import ExperimentRecord, ExperimentState, TrialRecord
from automl.host import home
from automl.jobs import job_file
from automl.jobs.job import Job

if TYPE_CHECKING:
    import pandas as pd

    from automl.prediction.inference import Predictor

_ABOUT = ("display_name", "experiment_name", "description", "tags")
"""Keys of a job that say what it is for."""


@dataclass(frozen=True)
class Experiment:
    """An experiment's directory; every property rereads it."""

    directory: Path

    @classmethod
    def create(
        cls, job: Job, *, name: str | None = None, experiments_dir: Path | None = None
    ) -> Self:
        """Check that the data can be read, then create the directory; `start` starts the engine.

        Raises:
            UserError: the data cannot be read, or `launcher.create` refuses the job or the name.
        """
        from automl.dataset import readers  # slow

        readers.refuse_unreadable(job)
        return cls(launcher.create(job, name=name, experiments_dir=experiments_dir))

    @property
    def id(self) -> str:
        return self.record.experiment_id

    @property
    def job(self) -> Job:
        return store.load_job(self.directory)

    @property
    def record(self) -> ExperimentRecord:
        """The stored record with the current state."""
        return launcher.record(self.directory)

    @property
    def state(self) -> ExperimentState:
        return self.record.state

    @property
    def trials(self) -> list[TrialRecord]:
        """All trials that can be read, in the order of sampling."""
        return store.readable_trials(self.directory)[0]

    @property
    def damaged_trials(self) -> list[str]:
        """A sentence about each trial that cannot be read."""
        return store.readable_trials(self.directory)[1]

    def leaderboard(self) -> "pd.DataFrame":
        """Rank the trials, best first; the columns are `leaderboard.COLUMNS`."""
        trials, metric = self.trials, self.job.primary_metric
        return leaderboard.rank(trials, metric, ties.p_values(self.directory, trials, metric))

    @property
    def model_dir(self) -> Path:
        """Directory of the best model.

        Raises:
            UserError: the experiment has no model yet.
        """
        model_dir = store.best_model_dir(self.directory)
        if not model_dir.is_dir():
            raise UserError(
                f"{self.id} has no model: it is {self.state}. It has one after its first trial "
                "was scored and exported."
            )
        return model_dir

    def chosen_trial(self, trial_id: str | None = None) -> str:
        """Check a trial's id and return it; without an id, return that of the best trial.

        Raises:
            UserError: the trial does not exist, or no trial is the best.
        """
        if trial_id is None:
            return leaderboard.best_trial_id(self.record, self.trials, self.job.primary_metric)
        launcher.refuse_unknown_trial(self.directory, trial_id)
        return trial_id

    def predictor(self) -> "Predictor":
        """Load the best model.

        Raises:
            UserError: the experiment has no model yet.
        """
        from automl.prediction.inference import Predictor  # slow

        return Predictor(self.model_dir)

    def start(self) -> None:
        launcher.start(self.directory)

    def stop(self, trial_id: str | None = None) -> None:
        launcher.stop(self.directory, trial_id)

    def resume(self, more_minutes: int | None = None, ray_address: str | None = None) -> None:
        """Start the engine again; see `launcher.resume`."""
        launcher.resume(self.directory, more_minutes, ray_address)

    @property
    def extent(self) -> Extent | None:
        """How much of the search was tried; None until it has ended."""
        record = self.record
        return endings.extent(record, self.trials) if record.state.is_finished else None

    def wait(self, on_change: Callable[[ExperimentRecord], None] | None = None) -> ExperimentRecord:
        """Block until the engine has ended; return the last record, also if the engine failed."""
        return launcher.wait(self.directory, on_change)

    def finish(self, on_change: Callable[[ExperimentRecord], None] | None = None) -> None:
        """Block until a new experiment has ended; delete it if its job or data cannot be used.

        Raises:
            UserError: the engine could not use the job or its data, and began no trial.
        """
        record = self.wait(on_change)
        if record.failure in ("data", "job") and not store.trial_paths(self.directory):
            with contextlib.suppress(UserError):  # another process resumed or deleted it
                launcher.delete(self.directory)
            raise UserError(record.message)

    def summary(self) -> dict[str, Any]:
        """Return the object that `automl run` and `automl show` print with --json."""
        record, (trials, damaged) = self.record, store.readable_trials(self.directory)
        states = [trial.state.value for trial in trials]
        extent = endings.extent(record, trials) if record.state.is_finished else None
        return {
            "experiment": record.experiment_id,
            "experiment_dir": str(self.directory),
            "state": record.state.value,
            "message": record.message,
            "primary_metric": self.job.primary_metric,
            "best_trial": record.best_trial,
            "best_score": record.best_score,
            "expected_score": record.expected_score,
            "expected_low": record.expected_low,
            "expected_high": record.expected_high,
            "expected_basis": record.expected_basis,
            "expected_trial": record.expected_trial,
            "test_score": record.test_score,
            "num_trials": len(trials),
            "num_trials_planned": record.num_trials,
            "num_trials_tried": extent.num_tried if extent else None,
            "num_trials_not_started": extent.num_unstarted if extent else None,
            "ended_at_limit": bool(extent and extent.is_at_limit),
            "damaged_trials": damaged,
            "trial_states": {state: states.count(state) for state in sorted(set(states))},
            "seconds": record.seconds,
            "notes": record.notes,
            "plan": record.plan,
            "data_version": record.data_version,
            "parent": record.parent.model_dump(mode="json") if record.parent else None,
            "continuations": [each.model_dump(mode="json") for each in record.continuations],
            **{key: getattr(self.job, key) for key in _ABOUT if getattr(self.job, key)},
        }


def run(
    job: Job | Path | str,
    *,
    name: str | None = None,
    experiments_dir: Path | str | None = None,
    on_change: Callable[[ExperimentRecord], None] | None = None,
) -> Experiment:
    """Run a job, a job file, or AutoMode on a data set, and wait for the end.

    A failed experiment is returned too: see its `state` and `record.message`.

    Raises:
        UserError: the job or its data cannot be used.
    """
    if not isinstance(job, Job):
        job = job_file.load(Path(job))
    folder = None if experiments_dir is None else Path(experiments_dir)
    experiment = Experiment.create(job, name=name, experiments_dir=folder)
    experiment.start()
    experiment.finish(on_change)
    return experiment


def open_experiment(path: Path | str) -> Experiment:
    """Open the experiment in a directory.

    Raises:
        UserError: the directory is not an experiment.
    """
    directory = home.absolute(path)
    if not store.is_experiment(directory):
        raise UserError(
            f"{directory} is not the directory of an experiment. List all experiments with "
            "`automl list`."
        )
    return Experiment(directory)
