"""Create, start, stop, resume and delete experiments; each runs in an engine process of its own."""

import contextlib
import functools
import getpass
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from automl.errors import UserError
from automl.experiments import endings, experiment_id, experiment_queue, store
from automl.experiments.records import ExperimentRecord, ExperimentState, Parent, now
from automl.host import atomic, detached, home, process_lock
from automl.jobs import addresses, data_versions
from automl.jobs.data_source import DataSource
from automl.jobs.job import DATA_KEYS, Job
from automl.texts import mark


def create(
    job: Job,
    *,
    name: str | None = None,
    experiments_dir: Path | None = None,
    owner: str | None = None,
    parent: Parent | None = None,
) -> Path:
    """Make the directory of a new experiment; nothing runs yet.

    Args:
        job: the job to run; relative data paths start from the working directory.
        name: the id is made from it; the job's own name, or the data and the time, if left out.
        experiments_dir: the folder to put it in; the one in our home if left out.
        owner: the person who starts it; the user of this process if left out.
        parent: the experiment that it goes on from with other data.

    Raises:
        UserError: the name is taken or cannot be used, the directory cannot be written, or the
            owner has as many experiments waiting as allowed, or the data has no such version.
    """
    owner = user() if owner is None else owner
    job = data_versions.resolved(_with_absolute_paths(job))
    name = job.name if name is None else name
    new_id = None if name is None else experiment_id.from_name(name)
    try:
        folder = home.absolute(experiments_dir or home.experiments_dir())
        with experiment_queue.locked():
            experiment_queue.refuse_beyond_limit(owner, job)
            new_id = new_id or experiment_id.unused(folder, job)
            record = ExperimentRecord(
                experiment_id=new_id,
                created_at=now(),
                owner=owner,
                parent=parent,
                written=list(job.written),
            )
            directory = store.create_experiment(folder, job, record)
            try:
                experiment_queue.reserve(directory, job, owner)
            except BaseException:
                shutil.rmtree(directory)
                raise
    except FileExistsError as error:
        raise UserError(_taken(error, new_id)) from None
    except OSError as error:
        raise UserError(
            f"The experiment cannot be created: {_reason(error)}. "
            "Choose a folder that can be written and has free space."
        ) from None
    return directory


def start(experiment_dir: Path) -> None:
    """Start the engine and return at once; does nothing if one is running already.

    Raises:
        UserError: the directory cannot be written.
    """
    with _startable(experiment_dir) as lock:
        if lock is not None:
            _start_engine(experiment_dir, lock, store.load_job(experiment_dir))


def refuse_known_test(experiment_dir: Path) -> None:
    """Check that nobody knows the test data, before a search goes on.

    Raises:
        UserError: they are open.
    """
    if store.load_test_opening(experiment_dir) is not None:
        raise UserError(
            f"The test data of {experiment_dir.name} are open: a model that is chosen from now on "
            "would be chosen by somebody who knows them. Start a new experiment from its job.yml "
            "instead."
        )


def resume(
    experiment_dir: Path, more_minutes: int | None = None, ray_address: str | None = None
) -> None:
    """Start the engine again on an experiment that has not tried all of its trials.

    Args:
        experiment_dir: an experiment that was interrupted, stopped or failed, or that ended at its
            time limit.
        more_minutes: time limit from now on; that of the job if left out.
        ray_address: the Ray cluster to go on with, `local` for this machine alone; the job's if
            left out.

    Raises:
        UserError: it is running, or has tried all of its trials, or was imported, or its test data
            are open, or its owner has as many experiments waiting as allowed.
    """
    name = experiment_dir.name

    def resumed(job: Job, stored: ExperimentRecord) -> tuple[Job, ExperimentRecord]:
        if stored.state is ExperimentState.COMPLETED and not _is_at_limit(experiment_dir, stored):
            raise UserError(
                f"{name} is completed; there is nothing left to run. Search on with more trials: "
                f"automl continue {home.reference(experiment_dir)} --trials 8."
            )
        if stored.state.is_finished:  # an interrupted search was not chosen from yet
            refuse_known_test(experiment_dir)
        if ray_address is not None:
            address = None if ray_address == "local" else ray_address
            job = job.model_copy(update={"ray_address": address})
        return job, stored.model_copy(update={"more_minutes": more_minutes})

    restart(experiment_dir, resumed)


def restart(
    experiment_dir: Path,
    change: Callable[[Job, ExperimentRecord], tuple[Job, ExperimentRecord]],
) -> None:
    """Start the engine again on an experiment that does not run, with a changed job and record.

    Args:
        experiment_dir: an experiment of this installation.
        change: called once nobody else can start or change the experiment; raises UserError to
            leave it as it is.

    Raises:
        UserError: it is running, or was imported, or its owner has as many experiments waiting as
            allowed.
    """
    name = experiment_dir.name
    if store.is_imported(experiment_dir):
        raise UserError(
            f"{name} was imported and can only be read. Start a new experiment on your own "
            "pictures."
        )
    with _startable(experiment_dir) as lock:
        if lock is None:
            raise UserError(_busy(experiment_dir))
        # only now: until the lock is held, another process may start or finish it
        stored, old = store.load_experiment(experiment_dir), store.load_job(experiment_dir)
        job, record = change(old, stored)
        with experiment_queue.locked():
            # the ticket of an engine that was killed would count again now that we hold the lock
            experiment_queue.leave(experiment_dir)
            experiment_queue.refuse_beyond_limit(stored.owner, job, experiment_dir)
            experiment_queue.reserve(experiment_dir, job, stored.owner)
        store.clear_requests(experiment_dir)
        if job != old:
            store.keep_job(experiment_dir)
            store.save_job(experiment_dir, job)
        # the time limit that has passed, until the engine knows the new one
        store.save_experiment(experiment_dir, record.model_copy(update={"deadline": None}))
        _start_engine(experiment_dir, lock, job)


def _is_at_limit(experiment_dir: Path, record: ExperimentRecord) -> bool:
    return endings.ended_at_limit(record, store.load_trials(experiment_dir))


@contextlib.contextmanager
def _startable(experiment_dir: Path) -> Iterator[int | None]:
    """Hold the experiment's lock; None if an engine holds it."""
    try:
        with store.unless_deleted(experiment_dir):
            lock = process_lock.take(store.lock_path(experiment_dir))
            try:
                yield lock
            finally:
                if lock is not None:
                    os.close(lock)  # the engine has inherited a copy, which keeps the lock
    except OSError as error:
        raise UserError(
            f"{experiment_dir.name} cannot be started: {_reason(error)}. "
            "Free some space, or make its folder writable, and start it again."
        ) from None


def _start_engine(experiment_dir: Path, lock: int, job: Job) -> None:
    """Start the engine, which inherits the lock: it never runs without it, not for a moment.

    Ray takes longer to start than the engine to ask for it, so it starts beside the engine.
    """
    if job.ray_address is None:
        _start_head()
    update = {"state": ExperimentState.QUEUED, "message": "", "progress": 0.0}
    record = store.load_experiment(experiment_dir).model_copy(update=update)
    store.save_experiment(experiment_dir, record)
    with store.log_path(experiment_dir).open("ab") as log:
        arguments = (str(experiment_dir.absolute()), str(lock))
        detached.start("automl.engine", *arguments, output=log.fileno(), keep_open=(lock,))


def is_running(experiment_dir: Path) -> bool:
    """True if an engine holds the experiment's lock."""
    return process_lock.is_held(store.lock_path(experiment_dir))


def state(experiment_dir: Path) -> ExperimentState:
    """The experiment's state, `interrupted` if its engine was killed."""
    return record(experiment_dir).state


def record(
    experiment_dir: Path, load: Callable[[Path], ExperimentRecord] = store.load_experiment
) -> ExperimentRecord:
    """The stored record with the state as it is now, which a killed engine could not write.

    Args:
        experiment_dir: directory of the experiment.
        load: loads its record, for a page that keeps what it has read.
    """
    stored = load(experiment_dir)
    if stored.state.is_finished:
        return stored
    # The lock before the record: an engine that ends in between has then written how it ended.
    running = is_running(experiment_dir)
    stored = load(experiment_dir)
    if stored.state.is_finished:
        return stored
    if not running:
        return stored.model_copy(update={"state": ExperimentState.INTERRUPTED})
    if store.stop_requested(experiment_dir):
        return stored.model_copy(update={"state": ExperimentState.STOPPING})
    return stored


def stop(experiment_dir: Path, trial_id: str | None = None) -> None:
    """Ask the engine to end the experiment, or one trial; does nothing if it has ended.

    Raises:
        UserError: the experiment has no such trial, or was deleted meanwhile.
    """
    with store.unless_deleted(experiment_dir):
        has_ended = state(experiment_dir).is_finished
        if trial_id is not None:
            refuse_unknown_trial(experiment_dir, trial_id)
        if not has_ended:
            store.request_stop(experiment_dir, trial_id)


def refuse_unknown_trial(experiment_dir: Path, trial_id: str) -> None:
    """Check that the experiment has a trial of that id.

    Raises:
        UserError: it has none; says which ones it has.
    """
    known = [path.stem for path in store.trial_paths(experiment_dir)]
    if trial_id not in known:
        known_text = (
            mark(f"Its trials are {', '.join(known)}.") if known else mark("It has no trials yet.")
        )
        raise UserError(f"{experiment_dir.name} has no trial {trial_id}. {known_text}")


def delete(experiment_dir: Path) -> None:
    """Remove an experiment with its models; its pictures stay where they are.

    Raises:
        UserError: it is running, or was deleted meanwhile.
    """
    with store.unless_deleted(experiment_dir):
        lock = process_lock.take(store.lock_path(experiment_dir))
        if lock is None:
            raise UserError(f"{experiment_dir.name} is running. Stop it first.")
        try:
            experiment_queue.leave(experiment_dir)
            # a hidden name first, so that no reader sees an experiment that is half removed
            removed = atomic.partial_path(experiment_dir)
            experiment_dir.rename(removed)
        finally:
            os.close(lock)
    shutil.rmtree(removed)


def wait(
    experiment_dir: Path,
    on_change: Callable[[ExperimentRecord], None] | None = None,
    *,
    poll_seconds: float = 0.5,
) -> ExperimentRecord:
    """Block until the engine has ended; returns the last `record`."""
    previous: ExperimentRecord | None = None
    while True:
        current = record(experiment_dir)
        if on_change and current != previous:
            on_change(current)
        if current.state.is_finished and not is_running(experiment_dir):
            return current
        previous = current
        time.sleep(poll_seconds)


@functools.cache  # once a process is enough
def warm_up() -> None:
    """Start the local Ray head in the background, so that the first trial waits less."""
    _start_head()


def _start_head() -> None:
    """Start the local Ray head if there is none."""
    if not process_lock.is_held(home.head_lock_path()):
        detached.start("automl.engine.head", output=subprocess.DEVNULL)


def user() -> str:
    """The user of this process; empty if the system has no name for them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # the user of a container may have no name
        return ""


def _busy(experiment_dir: Path) -> str:
    name, current = experiment_dir.name, state(experiment_dir)
    if current.is_finished:
        return mark(f"Another command is writing to {name}. Resume it when that has ended.")
    return mark(f"{name} is {current} already; there is nothing to resume.")


def _with_absolute_paths(job: Job) -> Job:
    sources: dict[str, DataSource] = {}
    for key in DATA_KEYS:
        source = getattr(job, key)
        if source is not None and addresses.of(source.path) is None:
            sources[key] = source.model_copy(update={"path": home.absolute(source.path)})
    datastores = {
        name: target if "://" in target else str(home.absolute(target))
        for name, target in job.datastores.items()
    }
    return job.model_copy(update={**sources, "datastores": datastores})


def _taken(error: FileExistsError, new_id: str | None) -> str:
    path = Path(str(error.filename or error))
    if path.name != new_id:
        return mark(f"{path} is a file, not a folder. Choose another folder for the experiments.")
    return mark(
        f"An experiment called {new_id} is in {path.parent} already. "
        f"Choose another name, or look at that one: automl show {home.reference(path)}."
    )


def _reason(error: OSError) -> str:
    filename = f" ({error.filename})" if error.filename else ""
    return f"{error.strerror or error}{filename}"
