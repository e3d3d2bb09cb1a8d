"""An experiment from its first moment to its last: prepare, search, export."""

import logging
import signal
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from automl import errors
from automl.dataset import file_changes, manifest
from automl.dataset.manifest import Manifest
from automl.dataset.pixels import PictureSizes
from automl.engine import cluster, disk
from automl.engine.planning import (
    Plan,
    Resources,
    plan,
    plan_resources,
    reachable,
    with_fewer_trials,
)
from automl.engine.results import Results
from automl.errors import DataError, NoModelError
from automl.experiments import experiment_queue, store
from automl.experiments.records import ExperimentState, now
from automl.jobs.job import Job
from automl.model import warm_start
from automl.model.warm_start import EarlierModel
from automl.training import trial_data
from automl.training.resume_state import KeptState
from automl.training.trial_data import TrialData

if TYPE_CHECKING:
    from automl.engine.search import Ending

T = TypeVar("T")
_log = logging.getLogger(__name__)
_LOOK_SECONDS = 0.5


def run(experiment_dir: Path) -> int:
    """Run or resume the experiment; the exit code is 0 unless it failed.

    The caller holds the experiment's lock.
    """
    job = store.load_job(experiment_dir)
    results = Results(experiment_dir, job.primary_metric)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: store.request_stop(experiment_dir))
    try:
        disk.reserve(experiment_dir)
        _wait_for_turn(job, results)
        results.begin(job.limits.timeout_minutes)
        results.update(
            state=ExperimentState.PREPARING,
            message="Reading the data.",
            notes=job.notes(),
            failure="",
            details="",
        )
        _run(job, results)
    except StoppedError:
        results.end_rest("Stopped by the user.")
        results.update(
            state=ExperimentState.STOPPED, message="Stopped by the user.", ended_at=now()
        )
    except Exception as error:  # noqa: BLE001 (the last line of defence: whatever it is, say so)
        _log.exception("the experiment failed")
        _fail(results, error)
    experiment_queue.leave(experiment_dir)
    disk.release(experiment_dir)
    return 1 if results.experiment.state is ExperimentState.FAILED else 0


def _wait_for_turn(job: Job, results: Results) -> None:
    experiment_queue.wait_for_turn(
        results.experiment_dir,
        job,
        results.experiment.owner,
        tell=lambda sentence: results.update(state=ExperimentState.QUEUED, message=sentence),
        give_up_if_asked=lambda: _give_up_if_stopped(results),
    )


def _run(job: Job, results: Results) -> None:
    # Ray takes seconds to import and to start; the data is read meanwhile
    connection = _in_background(lambda: _connect(job.ray_address))
    data = _data(job, results)
    results.update(message="Starting Ray.", progress=0.0)
    num_cpus, num_gpus = connection.result()
    found = plan(job, data, has_gpu=num_gpus > 0)
    wanted = reachable(job, found)
    resources = plan_resources(
        job, num_trials=found.num_trials, num_cpus=num_cpus, num_gpus=num_gpus
    )
    results.update(num_trials=found.num_trials)
    results.plan(found.trials)  # to be seen while the pictures are prepared
    is_elsewhere = bool(job.ray_address)
    earlier = warm_start.find_all(
        wanted, results.experiment_dir.parent, for_other_machines=is_elsewhere
    )
    pictures = trial_data.prepare(
        data, wanted, progress=_progress(results), for_other_machines=is_elsewhere
    )
    ending = _search(job, found, pictures, earlier, resources, results)
    _notice_changes(results, data)
    _finish(ending, results)


def _data(job: Job, results: Results) -> Manifest:
    """The pictures and their split; of a search that has begun those that it began with."""
    report = store.load_report(results.experiment_dir)
    if report is not None and any(trial.evaluations for trial in results.trials.values()):
        data = manifest.stored(store.load_samples(results.experiment_dir), report)
        _notice_changes(results, data)
        return data
    data = manifest.build(job, progress=_progress(results))
    store.save_dataset(results.experiment_dir, data.samples, data.report)
    return data


def _notice_changes(results: Results, data: Manifest) -> None:
    if note := file_changes.since(data.samples):
        results.update(notes=_together(results.experiment.notes, [note]))


def _together(notes: list[str], more: list[str]) -> list[str]:
    """Each of them once."""
    return list(dict.fromkeys([*notes, *more]))


def _in_background(function: Callable[[], T]) -> Future[T]:
    """An executor would keep a process alive whose data is useless until Ray has started."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(function())
        except BaseException as error:  # noqa: BLE001 (raised where the result is asked for)
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def _search(  # noqa: PLR0913
    job: Job,
    found: Plan,
    pictures: dict[PictureSizes, TrialData],
    earlier: dict[str, EarlierModel],
    resources: Resources,
    results: Results,
) -> "Ending | None":
    """Run all trials that are left; what cut the search short, if anything."""
    from automl.engine import search  # imports Ray

    if disk.is_short(results.experiment_dir):
        raise errors.DiskFullError(disk.sentence(results.experiment_dir))
    ending = None  # of an engine that died after its last trial only the export is left
    while True:
        results.update(
            state=ExperimentState.RUNNING,
            message="",
            progress=0.0,
            max_concurrent_trials=resources.max_concurrent_trials,
            threads_per_trial=resources.num_cpus,
            notes=_together(results.experiment.notes, resources.notes),
            devices=_devices(resources),
        )
        left = results.plan(found.trials)
        if left or found.space:
            ending = search.run(
                job,
                left,
                pictures,
                earlier,
                states=_states(job, results),
                space=found.space,
                resources=resources,
                results=results,
            )
        if ending is None or not ending.is_memory_short:
            break
        results.end_rest(ending.reason)
        resources = with_fewer_trials(resources)
    if ending is not None and ending.is_disk_full:
        raise errors.DiskFullError(ending.reason)
    return ending


def _finish(ending: "Ending | None", results: Results) -> None:
    """Export the best model, and say how it ended."""
    reason = ending.reason if ending else ""
    results.end_rest(reason or "The search ended before it started.")
    best = results.best_trial()
    if best is None and (ending is None or ending.is_success):
        causes = [trial.reason for trial in results.trials.values() if trial.reason]
        raise NoModelError(f"No trial was scored. {causes[0] if causes else reason}")
    if best is not None:
        results.update(message=f"Exporting {best.trial_id}.")
        _export(results, best.trial_id)
    is_success = ending is None or ending.is_success
    results.update(
        state=ExperimentState.COMPLETED if is_success else ExperimentState.STOPPED,
        message=reason,
        progress=1.0,
        ended_at=now(),
    )


class StoppedError(Exception):
    """Somebody asked the experiment to stop before its first trial."""


def _states(job: Job, results: Results) -> dict[str, KeptState]:
    """Where trials go on that have begun."""
    states = results.states()
    if job.ray_address:
        return {trial_id: state.for_other_machines() for trial_id, state in states.items()}
    return states


def _connect(address: str | None) -> tuple[int, int]:
    """Join the cluster; returns its cores and GPUs."""
    import os

    if address is None:
        os.environ.update(cluster.environment())
        address = cluster.ensure_local_head()
        cluster.live_with(address)
    import ray

    from automl.engine import search  # noqa: F401 (slow; imported beside the reading of the data)

    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise errors.ClusterError(
            f"The Ray cluster at {address} cannot be joined: {error}. "
            "Check ray_address, or leave it out to run on this machine."
        ) from error
    total = ray.cluster_resources()
    return int(total.get("CPU", 1)), int(total.get("GPU", 0))


def _export(results: Results, trial_id: str) -> None:
    """In a worker of this machine."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    from automl.engine import trainable

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    task = ray.remote(trainable.export).options(num_cpus=1, scheduling_strategy=here)
    problem = ray.get(task.remote(results.experiment_dir, trial_id))
    if problem:  # the search is done and its results are there all the same
        note = f"There is no best_model: {problem}"
        results.update(notes=[*results.experiment.notes, note])


def _progress(results: Results) -> Callable[[str, int, int], None]:
    """Tells the record how far a step of the preparation is, at most every hundredth.

    The preparation ends with an error when time is up or somebody wants it stopped.
    """
    next_look = [0.0]

    def show(step: str, done: int, total: int) -> None:
        share = round(done / max(1, total), 2)
        results.update(message=f"{step}: {done} of {total}.", progress=share)

    def seldom(step: str, done: int, total: int) -> None:
        if time.monotonic() >= next_look[0]:
            next_look[0] = time.monotonic() + _LOOK_SECONDS
            _give_up_if_asked(results)
        if round(done / max(1, total), 2) != results.experiment.progress or done == total:
            show(step, done, total)

    return seldom


def _give_up_if_stopped(results: Results) -> None:
    if store.stop_requested(results.experiment_dir):
        raise StoppedError


def _give_up_if_asked(results: Results) -> None:
    _give_up_if_stopped(results)
    if results.is_time_up():
        raise NoModelError(
            "The time limit was reached before the first trial could start: the pictures were "
            "still being prepared. Raise limits.timeout_minutes; what is prepared is kept."
        )


def _devices(resources: Resources) -> list[str]:
    cores = "1 core" if resources.num_cpus == 1 else f"{resources.num_cpus} cores"
    if resources.num_gpus:
        return [f"{resources.num_gpus:g} GPU and {cores} a trial"]
    return [f"{cores} a trial"]


def _fail(results: Results, error: Exception) -> None:
    failure, message = _explained(results, error)
    disk.release(results.experiment_dir)
    try:
        results.end_rest("The experiment failed.")
        results.update(
            state=ExperimentState.FAILED,
            failure=failure,
            message=message,
            details="".join(traceback.format_exception(error)),
            ended_at=now(),
        )
    except OSError:  # not even the room that was held is left; readers will say: interrupted
        _log.exception("how it ended cannot be written")


def _explained(results: Results, error: Exception) -> tuple[str, str]:
    """Whose fault it is, and a sentence."""
    if disk.is_cause(error):
        return "engine", disk.sentence(results.experiment_dir)
    if isinstance(error, DataError):
        return "data", str(error)
    if isinstance(error, ValueError):
        return "job", str(error)
    if isinstance(error, (NoModelError, errors.ClusterError, errors.DiskFullError)):
        return "engine", str(error)
    return "engine", f"{type(error).__name__}: {error}"
