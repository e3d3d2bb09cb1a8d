"""An experiment from its first moment to its last: queue, prepare, search, export."""

import logging
import signal
import traceback
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from automl.engine import (
    cluster,
    combining,
    disk,
    further_folds,
    measuring,
    notice,
    preparation,
    refit,
    soups,
)
from automl.engine.end_time import EndTime, least_seconds
from automl.engine.preparation import Prepared, StoppedError
from automl.engine.refit import RefitInputs
from automl.engine.resources import Resources
from automl.engine.results import Results
from automl.errors import DataError, DiskFullError, ExperimentError, NoModelError, UserError
from automl.experiments import endings, experiment_queue, store
from automl.experiments.records import ExperimentState, TrialRecord, now
from automl.jobs import job_notes
from automl.jobs.job import Job
from automl.texts import mark
from automl.training.resume_state import KeptState

if TYPE_CHECKING:
    from automl.engine.watch import Ending

_log = logging.getLogger(__name__)


def run(experiment_dir: Path) -> int:
    """Run or resume the experiment; the exit code is 0 unless it failed.

    The caller holds the experiment's lock.
    """
    job = store.load_job(experiment_dir)
    results = Results(experiment_dir, job.primary_metric)
    job = _with_its_time(job, results.experiment.more_minutes)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: store.request_stop(experiment_dir))
    try:
        disk.reserve(experiment_dir)
        _wait_for_turn(job, results)
        results.time_limit.begin(job.limits.timeout_minutes)
        results.update(
            state=ExperimentState.PREPARING,
            message=mark("Reading the data."),
            notes=job_notes.notes(job.with_notes(results.experiment.written)),
            failure="",
            details="",
        )
        combining.forget(results)
        results.add_own_scores()
        prepared = preparation.prepare(job, results)
        ending = _search(job, prepared, results)
        preparation.note_changes(results, prepared.manifest)
        inputs = RefitInputs(
            job,
            prepared.data,
            prepared.earlier,
            prepared.resources,
            prepared.carried,
            prepared.costs and measuring.by_all_known(prepared.costs, prepared.resources),
        )
        _finish(inputs, ending, results)
    except StoppedError:
        results.end_rest(endings.STOPPED_BY_USER)
        results.update(
            state=ExperimentState.STOPPED, message=endings.STOPPED_BY_USER, ended_at=now()
        )
    except Exception as error:  # noqa: BLE001 (every error must end in the record)
        _log.exception("the experiment failed")
        _fail(results, error)
    experiment_queue.leave(experiment_dir)
    disk.release(experiment_dir)
    notice.send(results.experiment, list(results.trials.values()), job.primary_metric)
    return 1 if results.experiment.state is ExperimentState.FAILED else 0


def _with_its_time(job: Job, more_minutes: int | None) -> Job:
    """The job with the time limit of a search that goes on after it ended at its limit."""
    if more_minutes is None:
        return job
    limits = job.limits.model_copy(update={"timeout_minutes": more_minutes})
    return job.model_copy(update={"limits": limits})


def _wait_for_turn(job: Job, results: Results) -> None:
    experiment_queue.wait_for_turn(
        results.experiment_dir,
        job,
        results.experiment.owner,
        tell=lambda sentence: results.update(state=ExperimentState.QUEUED, message=sentence),
        give_up_if_asked=lambda: preparation.give_up_if_stopped(results),
    )


def _search(job: Job, prepared: Prepared, results: Results) -> "Ending | None":
    """Run all trials that are left; returns what cut the search short, if anything."""
    from automl.engine import search  # imports Ray

    if disk.is_short(results.experiment_dir):
        raise DiskFullError(disk.sentence(results.experiment_dir))
    inputs = search.SearchInputs(
        job=job,
        trials=prepared.plan.trials,
        resources=prepared.resources,
        data=prepared.data,
        earlier=prepared.earlier,
        carried=prepared.carried,
        space=prepared.plan.space,
        costs=prepared.costs,
        left_out=prepared.plan.left_out,
    )
    while True:
        _announce(results, inputs.resources)
        ending, left = None, results.plan(inputs.trials)
        if left or inputs.space:  # if an engine died after the last trial, nothing is left
            states = _states(job, results)
            ending = search.run(replace(inputs, trials=left, states=states), results)
        if ending is None or not ending.is_memory_short:
            break
        results.end_rest(ending.reason)
        inputs = search.after_shortage(inputs, results)
    if ending is not None and ending.is_disk_full:
        raise DiskFullError(ending.reason)
    return ending


def _announce(results: Results, resources: Resources) -> None:
    cores = "1 core" if resources.num_cpus == 1 else f"{resources.num_cpus} cores"
    gpus = f"{resources.num_gpus:g} GPU and " if resources.num_gpus else ""
    each = f" on each of {resources.num_machines} machines" if resources.num_machines > 1 else ""
    results.update(
        state=ExperimentState.RUNNING,
        message="",
        progress=results.share_done,
        max_concurrent_trials=resources.max_concurrent_trials,
        threads_per_trial=resources.num_cpus,
        notes=list(dict.fromkeys([*results.experiment.notes, *resources.notes])),
        devices=[f"{gpus}{cores}{each} a trial"],
    )


def _states(job: Job, results: Results) -> dict[str, KeptState]:
    """States from which trials of an earlier engine go on."""
    states = results.states()
    if job.ray_address:
        return {trial_id: state.for_other_machines() for trial_id, state in states.items()}
    return states


def _cause(trials: Iterable[TrialRecord]) -> str:
    """Why the first trial without a score has none, and what to do."""
    trial = next((trial for trial in trials if trial.reason), None)
    if trial is None:
        return ""
    steps = [trial.error.next_step] if trial.error else []
    return " ".join([trial.reason, *steps])


def _finish(inputs: RefitInputs, ending: "Ending | None", results: Results) -> None:
    """Export the best model, and record how the experiment ended."""
    reason, end = ending.reason if ending else "", EndTime()
    results.end_rest(reason or mark("The search ended before it started."))
    results.expect()
    has_looked = _look_further(inputs, ending, results, end)
    best = results.best_trial()
    if best is None and (ending is None or ending.is_success):
        raise NoModelError(f"No trial was scored. {_cause(results.trials.values()) or reason}")
    if best is not None:
        refit.refit_best(inputs, results)
        results.update(message=mark("Exporting {trial}.").format(trial=best.trial_id))
        with end.running():
            is_exported = _export(results, best.trial_id)
        if is_exported and has_looked:  # an end without a part of it is shorter than others
            end.keep(inputs, results, best)
    is_success = ending is None or ending.is_success
    results.update(
        state=ExperimentState.COMPLETED if is_success else ExperimentState.STOPPED,
        message=reason,
        progress=1.0,
        ended_at=now(),
    )


def _look_further(
    inputs: RefitInputs, ending: "Ending | None", results: Results, end: EndTime
) -> bool:
    """Look for more evidence and for better models; False if the user or the job wants none."""
    if ending is not None and (ending.is_good_enough or not ending.is_success):
        return False
    further_folds.add(inputs, results)
    soups.add(inputs, results)
    with end.running():
        combining.combine(inputs.job, results, lambda trial: least_seconds(trial, inputs, results))
    return True


def _export(results: Results, trial_id: str) -> bool:
    """Export the model in a worker of this machine, which has torch; False if it cannot be."""
    from automl.engine import trainable

    problem = cluster.run_here(trainable.export, results.experiment_dir, trial_id)
    if problem:  # the results of the search are complete without the exported model
        note = mark("There is no best_model: {problem}").format(problem=problem)
        results.add_notes(note)
        return False
    folder = store.load_job(results.experiment_dir).model_folder
    if folder is None:
        return True
    problem = cluster.run_here(trainable.hand_out, results.experiment_dir, trial_id, folder)
    note = mark("outputs.best_model.path has the best model for MLflow.")
    if problem:
        note = mark("outputs.best_model.path gets no model: {problem}").format(problem=problem)
    results.add_notes(note)
    return True


def _fail(results: Results, error: Exception) -> None:
    failure, message = explain(results, error)
    disk.release(results.experiment_dir)
    try:
        results.end_rest(mark("The experiment failed."))
        results.update(
            state=ExperimentState.FAILED,
            failure=failure,
            message=message,
            details="".join(traceback.format_exception(error)),
            ended_at=now(),
        )
    except OSError:  # not even the reserved room was enough; readers will say: interrupted
        _log.exception("the end of the experiment cannot be written")


def explain(results: Results, error: Exception) -> tuple[str, str]:
    """Kind of the failure (`data`, `job` or `engine`), and a sentence for the user.

    Only a UserError is the user's fault: an experiment that fails with one before its first trial
    is removed with its log. A ValueError of a library, or of our own by a bug, keeps both.
    """
    if disk.is_cause(error):
        return "engine", disk.sentence(results.experiment_dir)
    if isinstance(error, DataError):
        return "data", str(error)
    if isinstance(error, UserError):
        return "job", str(error)
    if isinstance(error, ExperimentError):
        return "engine", str(error)
    return "engine", f"{type(error).__name__}: {error}"
