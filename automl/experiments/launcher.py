"""Create, start, stop and resume experiments; each runs in an engine process of its own."""

import functools
import getpass
import itertools
import os
import re
import shutil
import subprocess
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

from automl.experiments import experiment_queue, store
from automl.experiments.records import ExperimentRecord, ExperimentState, now
from automl.host import detached, home, process_lock
from automl.jobs.job import DATA_KEYS, DataSource, Job

_MAX_NAME_LENGTH = 60


def create(
    job: Job,
    *,
    name: str | None = None,
    experiments_dir: Path | None = None,
    owner: str | None = None,
) -> Path:
    """Make the directory of a new experiment; nothing runs yet.

    Args:
        job: what to run; its relative data paths are taken from the working directory.
        name: what the id is made from; the job's own name, or the data and the time, if left out.
        experiments_dir: where to put it.
        owner: whose it is; this process's user if left out.

    Raises:
        ValueError: the name is taken or cannot be used, the directory cannot be written, or the
            user has as many experiments waiting as allowed.
    """
    owner = user() if owner is None else owner
    experiment_queue.refuse_beyond_limit(owner)
    given = name if name is not None else job.name
    experiment_id = None if given is None else _id_from(given)
    try:
        parent = (experiments_dir or home.experiments_dir()).expanduser().absolute()
        experiment_id = experiment_id or _unused_id(parent, job)
        queued = ExperimentRecord(
            experiment_id=experiment_id,
            created_at=now(),
            owner=owner,
        )
        return store.create_experiment(parent, _with_absolute_paths(job), queued)
    except FileExistsError as error:
        raise ValueError(_already_there(error, experiment_id)) from None
    except OSError as error:
        raise ValueError(
            f"The experiment cannot be created: {_reason(error)}. "
            "Choose a folder that can be written and has free space."
        ) from None


def start(experiment_dir: Path) -> None:
    """Start the engine and return at once; nothing happens where one is running already.

    The lock is taken first and handed over with the open file: there is no moment in which an
    engine runs without it.

    Raises:
        ValueError: its directory cannot be written.
    """
    try:
        _start(experiment_dir)
    except OSError as error:
        raise ValueError(
            f"{experiment_dir.name} cannot be started: {_reason(error)}. "
            "Free some space, or make its folder writable, and start it again."
        ) from None


def _start(experiment_dir: Path) -> None:
    lock = process_lock.take(store.lock_path(experiment_dir))
    if lock is None:
        return
    try:
        queued = store.load_experiment(experiment_dir).model_copy(
            update={"state": ExperimentState.QUEUED, "message": ""}
        )
        store.save_experiment(experiment_dir, queued)
        with store.log_path(experiment_dir).open("ab") as log:
            arguments = (str(experiment_dir.absolute()), str(lock))
            detached.start("automl.engine", *arguments, output=log.fileno(), keep_open=(lock,))
    finally:
        os.close(lock)  # the engine's copy holds it on


def is_running(experiment_dir: Path) -> bool:
    """Whether an engine holds the experiment's lock."""
    return process_lock.is_held(store.lock_path(experiment_dir))


def state(experiment_dir: Path) -> ExperimentState:
    """Where the experiment stands, also when its engine died."""
    return record(experiment_dir).state


def record(experiment_dir: Path) -> ExperimentRecord:
    """The stored record with the state as it is now, which a dead engine cannot write."""
    # the lock is asked before the record is read: an engine that ends in between has then
    # written how it ended
    running = is_running(experiment_dir)
    stored = store.load_experiment(experiment_dir)
    if stored.state.is_finished:
        return stored
    if not running:
        return stored.model_copy(update={"state": ExperimentState.INTERRUPTED})
    if store.stop_requested(experiment_dir):
        return stored.model_copy(update={"state": ExperimentState.STOPPING})
    return stored


def stop(experiment_dir: Path, trial_id: str | None = None) -> None:
    """Ask the engine to end the experiment, or one trial; what has ended is left alone.

    Raises:
        ValueError: the experiment has no such trial.
    """
    if trial_id is not None:
        known = [path.stem for path in store.trial_paths(experiment_dir)]
        if trial_id not in known:
            there = f"Its trials are {', '.join(known)}." if known else "It has no trials yet."
            raise ValueError(f"{experiment_dir.name} has no trial {trial_id}. {there}")
    if not state(experiment_dir).is_finished:
        store.request_stop(experiment_dir, trial_id)


def resume(experiment_dir: Path) -> None:
    """Start the engine again on what was interrupted, stopped or failed.

    Raises:
        ValueError: it is running, or complete, or came from elsewhere.
    """
    if store.is_imported(experiment_dir):
        raise ValueError(
            f"{experiment_dir.name} came from elsewhere and can only be read. Start a new "
            "experiment on your own pictures."
        )
    current = state(experiment_dir)
    if not current.is_finished:
        raise ValueError(f"{experiment_dir.name} is {current} already; there is nothing to resume.")
    if current is ExperimentState.COMPLETED:
        raise ValueError(
            f"{experiment_dir.name} is completed; there is nothing left to run. "
            "Start a new experiment with a higher limits.max_trials to search on."
        )
    store.clear_requests(experiment_dir)
    start(experiment_dir)


def delete(experiment_dir: Path) -> None:
    """Remove an experiment with its models; its pictures stay where they are.

    Raises:
        ValueError: it is running.
    """
    lock = process_lock.take(store.lock_path(experiment_dir))
    if lock is None:
        raise ValueError(f"{experiment_dir.name} is running. Stop it first.")
    try:
        # under a name that no reader looks at, so that none sees half of it
        gone = experiment_dir.with_name(f".deleted-{experiment_dir.name}-{os.getpid()}")
        experiment_dir.rename(gone)
        shutil.rmtree(gone)
    finally:
        os.close(lock)


def wait(
    experiment_dir: Path,
    on_change: Callable[[ExperimentRecord], None] | None = None,
    *,
    poll_seconds: float = 0.5,
) -> ExperimentRecord:
    """Block until the engine has ended; returns the last `record`."""
    seen: ExperimentRecord | None = None
    while True:
        found = record(experiment_dir)
        if on_change and found != seen:
            on_change(found)
        if found.state.is_finished and not is_running(experiment_dir):
            return found
        seen = found
        time.sleep(poll_seconds)


@functools.cache  # once a process is enough
def warm_up() -> None:
    """Have the local Ray head started in the background, so that the first trial waits less."""
    detached.start("automl.engine.head", output=subprocess.DEVNULL)


def _id_from(name: str) -> str:
    if "/" in name or "\\" in name:
        raise ValueError(f"The name {name!r} holds a path separator. Leave out / and \\.")
    experiment_id = slug(name)
    if not experiment_id:
        raise ValueError(
            f"The name {name!r} has no letter or digit to make an id from. Use a-z, 0-9 and -."
        )
    return experiment_id


def _unused_id(parent: Path, job: Job) -> str:
    """The data's name and the local time; counted up when two start in one second."""
    data = slug(job.training_data.path.absolute().stem)[:40].strip("-") or "experiment"
    first = f"{data}-{now().astimezone():%Y%m%d-%H%M%S}"
    later = (f"{first}-{count}" for count in itertools.count(2))
    return next(name for name in itertools.chain([first], later) if not (parent / name).exists())


def slug(text: str) -> str:
    """What of a name goes into an id: a-z, 0-9 and single dashes."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()  # é -> e
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:_MAX_NAME_LENGTH].strip("-")


def _with_absolute_paths(job: Job) -> Job:
    sources: dict[str, DataSource] = {}
    for key in DATA_KEYS:
        source = getattr(job, key)
        if source is not None:
            sources[key] = source.model_copy(update={"path": source.path.expanduser().absolute()})
    places = {
        name: place if "://" in place else str(Path(place).expanduser().absolute())
        for name, place in job.datastores.items()
    }
    return job.model_copy(update={**sources, "datastores": places})


def _already_there(error: FileExistsError, experiment_id: str | None) -> str:
    path = Path(str(error.filename or error))
    if path.name != experiment_id:
        return f"{path} is a file, not a folder. Choose another folder for the experiments."
    return (
        f"An experiment called {experiment_id} is in {path.parent} already. "
        f"Choose another name, or look at that one: automl show {experiment_id}."
    )


def _reason(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    return f"{error.strerror or error}{where}"


def user() -> str:
    """Who is using this process; empty where the system has no name for them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return ""
