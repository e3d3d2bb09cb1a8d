"""All that has to be ready before the first trial: the data, the plan, the decoded pictures, Ray.

The user may stop the experiment meanwhile, and its time limit may be reached. Every wait in here
therefore calls `Progress.give_up_if_over`, directly or through the progress that it reports.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from automl.dataset import manifest
from automl.dataset.manifest import Manifest
from automl.dataset.pixels import PictureSizes
from automl.dataset.scan import changes_since
from automl.engine import cluster, further_trials, measuring, nodes, packing, parents, shares
from automl.engine.carried import Carried
from automl.engine.nodes import Node
from automl.engine.planning import Plan, plan, reachable
from automl.engine.resources import Resources, plan_resources
from automl.engine.results import Results
from automl.errors import ClusterError, NoModelError, UserError
from automl.experiments import store
from automl.experiments.records import TrialRecord
from automl.jobs import data_versions, plan_text, schedule
from automl.jobs.compatibility import resolve
from automl.jobs.hyperparameters import Hyperparameters
from automl.jobs.job import Job
from automl.jobs.schedule import Clock
from automl.jobs.trial_cost import Costs
from automl.model import warm_start
from automl.model.warm_start import EarlierModel
from automl.texts import mark
from automl.training import trial_data
from automl.training.trial_data import TrialData

T = TypeVar("T")
_LOOK_SECONDS = 0.5
_MACHINE_SECONDS = 120.0


class StoppedError(Exception):
    """The user stopped the experiment before its first trial."""


@dataclass(frozen=True)
class Prepared:
    """Inputs of the search, as the preparation has made them."""

    manifest: Manifest
    plan: Plan
    resources: Resources
    data: Mapping[PictureSizes, TrialData]
    earlier: Mapping[str, EarlierModel]
    costs: Costs | None
    """Costs of AutoMode's trials; None for other searches."""

    carried: Carried
    """Files that travel to the machines of another cluster."""


class Progress:
    """Records how far a step of the preparation is, at most every hundredth."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self._next_look = 0.0

    def __call__(self, step: str, done: int, total: int) -> None:
        """Called for every picture.

        Raises:
            StoppedError, NoModelError: see `give_up_if_over`.
        """
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + _LOOK_SECONDS
            self.give_up_if_over()
        share = round(done / max(1, total), 2)
        record = self._results.experiment
        if share != record.progress or done == total or not record.message.startswith(step):
            said = mark("{step}: {done} of {total}.").format(step=step, done=done, total=total)
            self._results.update(message=said, progress=share)

    @property
    def seconds_left(self) -> float:
        """Seconds until the time limit."""
        return self._results.time_limit.seconds_left()

    def give_up_if_over(self) -> None:
        """End the preparation if it is not needed any more.

        Raises:
            StoppedError: the user has stopped the experiment.
            NoModelError: the time limit is reached.
        """
        give_up_if_stopped(self._results)
        if self._results.time_limit.is_reached():
            step = self._results.experiment.message.rstrip(".")
            raise NoModelError(
                "The time limit was reached before the first trial could start, in this step: "
                f"{step}. Raise limits.timeout_minutes; the pictures that are decoded already are "
                "kept."
            )


def give_up_if_stopped(results: Results) -> None:
    """Raise StoppedError if the user has stopped the experiment."""
    if store.stop_requested(results.experiment_dir):
        raise StoppedError


def prepare(job: Job, results: Results) -> Prepared:
    """Read the data, plan the trials, decode the pictures and connect to Ray.

    Raises:
        UserError: the data or the job cannot be used.
        ClusterError: Ray cannot be started or joined.
        StoppedError, NoModelError: see `Progress.give_up_if_over`.
    """
    # Ray takes seconds to import and to start; the data is read meanwhile
    connection = _in_background(lambda: cluster.join(job.ray_address))
    progress = Progress(results)
    data = _manifest(job, results, progress)
    _note_version(job, results)
    results.update(message=mark("Starting Ray."), progress=0.0)
    share = _shares(job, _wait(connection, progress), results, progress)
    clock = None
    resources = share(job.limits.max_trials)
    if job.is_automode:
        clock = _clock(job, data, resources, progress)
    recorded = list(results.trials.values())
    plan_anew = partial(
        plan, job, data, has_gpu=resources.num_gpus > 0, clock=clock, recorded=recorded
    )
    continuations = results.experiment.continuations
    if continuations and recorded:
        planned = further_trials.further(job, recorded, continuations[-1], plan_anew)
    else:
        planned = plan_anew()
    resources = share(planned.num_trials)
    costs = None if clock is None else clock.costs
    hyperparameters = reachable(job, planned)
    num_first = max((trial.number + 1 for trial in planned.trials), default=0)
    results.update(num_trials=planned.num_trials, num_first_trials=num_first)
    if clock is not None and planned.timed:
        limit = 60 * job.limits.timeout_minutes
        left_out = plan_text.kinds((one.values for one in planned.left_out), clock)
        results.update(plan=planned.sentences(clock, limit), left_out=left_out)
    results.plan(planned.trials)  # the pages show the trials while the pictures are decoded
    for trial in planned.refused:
        results.refused(trial.number, dict(trial.requested), None, trial.error)
    is_elsewhere, before = bool(job.ray_address), may_be_trained_again(job, recorded)
    earlier = _earlier_models(hyperparameters, before, results, for_other_machines=is_elsewhere)
    pictures = trial_data.prepare(data, [*hyperparameters, *before], progress=progress)
    resources = packing.packed(
        job, resources, hyperparameters, list(pictures.values()), progress.give_up_if_over
    )
    return Prepared(
        manifest=data,
        plan=planned,
        resources=resources,
        data=pictures,
        earlier=earlier,
        costs=costs,
        carried=_carried(pictures, [*hyperparameters, *before], results)
        if is_elsewhere
        else Carried(),
    )


def may_be_trained_again(job: Job, recorded: Sequence[TrialRecord]) -> list[Hyperparameters]:
    """Hyperparameters of trials that have ended, in a search that goes on after them.

    The best trial of all is fitted again, and gets further folds: its pictures may have another
    size than those of the trials to come.
    """
    return [
        resolve(trial.hyperparameters)
        for trial in recorded
        if job.is_automode
        and trial.is_kept
        and trial.method == "fine_tuning"
        and trial.best_epoch is not None
    ]


def _earlier_models(
    trials: Sequence[Hyperparameters],
    before: Sequence[Hyperparameters],
    results: Results,
    *,
    for_other_machines: bool,
) -> dict[str, EarlierModel]:
    """Models that trials start from; those of trials that have ended as far as they still exist."""
    folder = results.experiment_dir.parent
    found = warm_start.find_all(trials, folder, for_other_machines=for_other_machines)
    for one in before:
        if one.checkpoint_run_id not in found:
            with contextlib.suppress(UserError):
                found |= warm_start.find_all([one], folder, for_other_machines=for_other_machines)
    return found


def _carried(
    data: Mapping[PictureSizes, TrialData], trials: list[Hyperparameters], results: Results
) -> Carried:
    results.update(message=mark("Handing the pictures and the weights to Ray."), progress=0.0)
    return Carried.of(data.values(), trials)


def _shares(
    job: Job, machine: tuple[int, int], results: Results, progress: Progress
) -> Callable[[int], Resources]:
    """The share of each trial as a function of the number of trials.

    Args:
        job: the job.
        machine: cores and GPUs of the cluster.
        results: gets a note on each machine of another cluster that cannot run trials.
        progress: called while the machines answer.

    Raises:
        ClusterError: no machine of another cluster can run a trial.
    """
    if job.ray_address is None:
        num_cpus, num_gpus = machine
        return lambda number: plan_resources(
            job, num_trials=number, num_cpus=num_cpus, num_gpus=num_gpus
        )
    found = _some_machine(results, progress)
    progress(mark("Asking the machines of the cluster"), 0, len(found))
    refused = nodes.refused(found, progress.give_up_if_over)
    able = [node for node in found if node.node_id not in refused]
    if not able:
        reasons = " ".join(refused.values()) or mark("None of them offers cores.")
        raise ClusterError(
            f"No machine of the cluster at {job.ray_address} can run a trial. {reasons}"
        )
    results.add_notes(*refused.values())
    return lambda number: replace(
        shares.plan(job, able, num_trials=number),
        asked_nodes=tuple(node.node_id for node in found),
        refused_nodes=tuple(refused),
    )


def _some_machine(results: Results, progress: Progress) -> list[Node]:
    """The machines of another cluster; waits for the first, which may be about to start."""
    until = time.monotonic() + _MACHINE_SECONDS
    while not (found := nodes.alive()) and time.monotonic() < until:
        results.update(message=mark("Waiting for a machine of the cluster that has cores."))
        progress.give_up_if_over()
        time.sleep(_LOOK_SECONDS)
    return found


def _clock(job: Job, data: Manifest, resources: Resources, progress: Progress) -> Clock | None:
    """The time for AutoMode's trials, once the speed of this machine is known."""
    wait = progress.give_up_if_over
    if job.ray_address is None:
        measuring.convert_weights(job, wait)
    names = measuring.candidates(job, data, resources)
    progress(mark("Measuring the speed of this machine"), 0, len(names))
    num_classes = len(data.class_names)
    speeds = measuring.measured(names, resources, num_classes, wait)
    if speeds is None:
        return None
    costs = measuring.costs(data, speeds, on_gpu=resources.num_gpus > 0)
    limit = 60 * job.limits.timeout_minutes
    return Clock(
        costs=costs,
        seconds=progress.seconds_left - schedule.kept_of(limit, costs),
        num_at_a_time=resources.max_concurrent_trials,
        fixed=job.training_parameters,
        decode_seconds=measuring.decode_seconds(data),
        most_for_refit=schedule.most_for_refit(job, costs),
        task=job.task,
    )


def note_changes(results: Results, data: Manifest, progress: Progress | None = None) -> None:
    """Add a note to the experiment if picture files have changed since they were read."""
    checking = None if progress is None else partial(progress, mark("Checking the pictures"))
    background = data.rendering.background
    if note := changes_since(data.samples, background=background, progress=checking):
        results.add_notes(note)


def _manifest(job: Job, results: Results, progress: Progress) -> Manifest:
    """The pictures and their split; a search that has begun keeps those that it began with."""
    report = store.load_report(results.experiment_dir)
    if report is not None and any(trial.evaluations for trial in results.trials.values()):
        data = manifest.stored(store.load_samples(results.experiment_dir), report)
        note_changes(results, data, progress)
        with contextlib.suppress(UserError):  # the parent may have been deleted since
            parents.add_note(parents.samples(results), data.samples, job, results)
        return data
    before = parents.samples(results)
    data = manifest.build(job, progress=progress, like=parents.splits(before))
    store.save_dataset(results.experiment_dir, data.samples, data.report)
    results.update(data_version=_version(job, data, by=results.experiment.owner))
    parents.add_note(before, data.samples, job, results)
    return data


def _note_version(job: Job, results: Results) -> None:
    """Say if the data is another version than was asked for."""
    asked, known = job.data_version, results.experiment.data_version
    if asked and known and asked != known and _is_saved(job, asked):
        said = mark(
            "Version {asked} was asked for, but the pictures of {data}, or the way they are read, "
            "have changed since it was saved: this is version {version}."
        )
        results.add_notes(said.format(asked=asked, data=job.training_data.path, version=known))


def _is_saved(job: Job, version: str) -> bool:
    """True if the data has a version of that name here; a job may come from another machine."""
    try:
        return any(one.name == version for one in data_versions.of(job.training_data.path))
    except UserError:
        return False


def _version(job: Job, data: Manifest, *, by: str) -> str:
    """Name of the version of the data; empty if it cannot be kept, which prevents no search."""
    path, data_hash = job.training_data.path, data.report.data_hash
    try:
        return data_versions.keep(path, job.corrections, data_hash, by=by).name
    except (UserError, OSError):
        return ""


def _in_background(function: Callable[[], T]) -> Future[T]:
    """Call the function in a daemon thread.

    The thread of an executor would keep the process alive until Ray has started, even if the data
    cannot be read.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(function())
        except BaseException as error:  # noqa: BLE001 (raised where the result is read)
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def _wait(future: Future[T], progress: Progress) -> T:
    while True:
        progress.give_up_if_over()
        try:
            return future.result(timeout=_LOOK_SECONDS)
        except TimeoutError:
            if future.done():  # just now, or the function itself has raised it
                return future.result()
