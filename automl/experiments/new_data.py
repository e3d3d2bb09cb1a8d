"""Go on from an experiment with other data: another version, or another place.

The best network starts the trials of a new experiment, because trials that other pictures judge
cannot be compared with those of before. Pictures that the network was trained on never judge it:
they keep their split (`automl.engine.preparation`).
"""

import json
import math
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automl.errors import UserError
from automl.experiments import going_on, leaderboard, store
from automl.experiments.records import Parent, TrialRecord
from automl.host import home
from automl.jobs import data_versions, job_file
from automl.jobs.corrections import Corrections
from automl.jobs.data_versions import ORIGINAL
from automl.jobs.job import Job
from automl.texts import BETWEEN_PARTS, mark

_MAX_TRIALS = 1000


@dataclass(frozen=True)
class OtherData:
    """Data to go on with: a place, a version, or both."""

    data: Path | None = None
    """Another place of data; that of the experiment if left out."""

    version: str | None = None
    """A version of the data at the place."""

    trials: int = 1
    """More than one: they draw learning rates."""

    minutes: int | None = None
    epochs: int | None = None
    """Epochs of each trial; those of the best trial if left out."""


def planned(experiment_dir: Path, asked: OtherData) -> tuple[Job, Parent]:
    """The job of the new experiment, and what it goes on from.

    Raises:
        UserError: the experiment has no trial with a score, or the data are the same or cannot be
            read.
        JobError: the job of the experiment is not valid for them.
    """
    from automl.dataset import readers  # slow: the first page must not wait for pandas

    job = store.load_job(experiment_dir)
    source = _best(experiment_dir, job)
    wanted = _warm(_on_the_data(job, asked, experiment_dir), source, asked, experiment_dir)
    readers.refuse_unreadable(wanted)
    data = _in_words(job, wanted, asked)
    return wanted, Parent(experiment_id=experiment_dir.name, trial_id=source.trial_id, data=data)


def _best(experiment_dir: Path, job: Job) -> TrialRecord:
    trials = [trial for trial in store.load_trials(experiment_dir) if not trial.members]
    ranked = leaderboard.by_score(trials, job.primary_metric)
    if not ranked:
        raise UserError(
            f"{experiment_dir.name} has no trial with a score, so there is no network to start "
            "from. Start a new search: automl run DATA."
        )
    return ranked[0]


def _on_the_data(job: Job, asked: OtherData, experiment_dir: Path) -> Job:
    """The job with the other data and their corrections.

    Those of before stay for further pictures at the same place, unless a version is named.
    """
    path = job.training_data.path if asked.data is None else home.absolute(asked.data)
    if asked.data is not None and not path.exists():
        raise UserError(f"{path} does not exist. Name a folder, an archive or a table of pictures.")
    corrections = job.corrections if path == job.training_data.path else Corrections()
    if asked.version == ORIGINAL:
        corrections = Corrections()
    elif asked.version is not None:
        corrections = data_versions.named(path, asked.version).corrections
    if (path, corrections) == (job.training_data.path, job.corrections) and (
        asked.version == store.load_experiment(experiment_dir).data_version
    ):
        raise UserError(
            f"{experiment_dir.name} was run on version {asked.version} already. Name another "
            f"version (automl versions {shlex.quote(str(path))} lists them), or search on: "
            "--trials 8."
        )
    source = job.training_data.model_copy(update={"path": path})
    if asked.data is not None:
        source = source.model_copy(update={"type": None})  # a folder may have become an archive
    changed = {"training_data": source, "corrections": corrections, "data_version": asked.version}
    return job.model_copy(update={**changed, "name": None})


def _warm(job: Job, source: TrialRecord, asked: OtherData, experiment_dir: Path) -> Job:
    """The job whose trials start from the network of a trial."""
    if not 1 <= asked.trials <= _MAX_TRIALS:
        raise UserError(f"trials is {asked.trials}. Give a number from 1 to {_MAX_TRIALS:,}.")
    values: dict[str, Any] = dict(source.hyperparameters)
    search: dict[str, Any] = {}
    if source.method == "fine_tuning":
        values = going_on.starting_from(source, experiment_dir)
        if asked.epochs is not None:
            values["number_of_epochs"] = asked.epochs
        if asked.trials > 1:
            rate = values.pop("learning_rate")
            if not rate:
                raise UserError(
                    f"{source.trial_id} has a learning_rate of 0, so there are none around it to "
                    "draw for several trials. Leave --trials out."
                )
            ends = f"{math.log(rate / 10):.2f}, {math.log(3 * rate):.2f}"
            search["search_space"] = [{"learning_rate": f"loguniform({ends})"}]
            search["sweep"] = {"sampling_algorithm": "random"}
    elif asked.trials > 1 or asked.epochs is not None:
        raise UserError(
            f"The best trial of {experiment_dir.name} is a {source.title}: its network is frozen, "
            "and its last layer is fitted to the new data once. Leave --trials and --epochs out."
        )
    limits: dict[str, Any] = {
        "max_trials": asked.trials,
        "exit_score": None,
        "stop_when_no_gain": False,
    }
    if asked.minutes is not None:
        limits["timeout_minutes"] = asked.minutes
    settings: dict[str, Any] = {f"limits.{key}": value for key, value in limits.items()}
    settings |= {"training_parameters": values, **search}
    plain = job.model_copy(update={"training_parameters": {}, "search_space": [], "sweep": None})
    return job_file.changed(plain, [f"{key}={json.dumps(each)}" for key, each in settings.items()])


def _in_words(job: Job, wanted: Job, asked: OtherData) -> str:
    place = wanted.training_data.path
    version = mark("version {name} of {file}").format(name=asked.version, file=place)
    said = [version if asked.version else str(place)]
    if job.corrections != Corrections() and wanted.corrections == Corrections():
        others = mark(
            "the corrections of before name pictures of other data and are not taken over"
        )
        without = mark("without the corrections of before")
        said.append(without if place == job.training_data.path else others)
    return BETWEEN_PARTS.join(said)
