"""A search without an engine around it, on a Ray that is connected: for what is measured of it."""

from collections.abc import Mapping
from pathlib import Path

from ray import tune

from automl.dataset.pixels import PictureSizes
from automl.engine import search
from automl.engine.planning import PlannedTrial
from automl.engine.resources import Resources
from automl.engine.results import Results
from automl.experiments import store
from automl.experiments.records import ExperimentRecord, ExperimentState, TrialRecord, now
from automl.jobs.job import Job
from automl.training.trial_data import TrialData


def run(
    folder: Path,
    trials: list[PlannedTrial],
    resources: Resources,
    kind: type[tune.Trainable],
    data: Mapping[PictureSizes, TrialData],
) -> list[TrialRecord]:
    """The records of the trials after their end.

    Args:
        folder: gets the experiment's directory; it does not exist yet.
        trials: to be run.
        resources: share of each, and number at a time.
        kind: class that trains a trial.
        data: its pictures.
    """
    limits = {
        "max_trials": len(trials),
        "max_concurrent_trials": resources.max_concurrent_trials,
    }
    job = Job.from_dict({"training_data": {"path": str(folder)}, "limits": limits})
    record = ExperimentRecord(
        experiment_id=folder.name,
        created_at=now(),
        state=ExperimentState.RUNNING,
        num_trials=len(trials),
        max_concurrent_trials=resources.max_concurrent_trials,
    )
    directory = store.create_experiment(folder, job, record)
    results = Results(directory, job.primary_metric)
    search.run(search.SearchInputs(job, results.plan(trials), resources, data), results, kind)
    return store.load_trials(directory)


def span(trials: list[TrialRecord]) -> float:
    """Seconds from the first evaluation of all to the last."""
    ends = [each.finished_at for trial in trials for each in trial.evaluations]
    return (max(ends) - min(ends)).total_seconds()
