"""Which experiment of one home may run next, so that they share the machine and do not crowd it.

An engine that wants to run leaves a ticket in `<home>/queue` and waits until it is its turn. Users
take turns, whoever was served longest ago first; within one user's, the oldest ticket is first. The
first in line starts as soon as its cores and GPUs are free; nobody overtakes it meanwhile, or a
large experiment would never start. A ticket counts for as long as its engine holds the
experiment's lock, so that a dead one stands in nobody's way.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import mean

from filelock import FileLock
from pydantic import ValidationError

from automl.experiments import limits, store
from automl.experiments.limits import QueueLimits
from automl.experiments.records import ExperimentRecord, ExperimentState, now
from automl.frozen_model import FrozenModel
from automl.host import atomic, home, process_lock
from automl.host.cores import usable_cores
from automl.host.machine import num_gpus
from automl.jobs.job import Job

_POLL_SECONDS = 0.5
_LEAST_PROGRESS = 0.05  # before, what is left cannot be told


class Ticket(FrozenModel):
    """An experiment that wants to run, or runs."""

    experiment_dir: Path
    owner: str
    num_cpus: int
    num_gpus: float
    entered: float
    """Seconds since 1970: when it asked to run."""

    started: float | None = None
    """When its turn came."""


class Machine(FrozenModel):
    """What there is to share."""

    num_cpus: int
    num_gpus: int

    @classmethod
    def here(cls) -> "Machine":
        return cls(num_cpus=usable_cores(), num_gpus=num_gpus())


def wait_for_turn(
    experiment_dir: Path,
    job: Job,
    owner: str,
    *,
    tell: Callable[[str], None],
    give_up_if_asked: Callable[[], None],
) -> None:
    """Return when the experiment may run; it then holds its share until its engine ends.

    Args:
        experiment_dir: whose lock the caller holds.
        job: says how much of the machine it takes.
        owner: whose turn it is.
        tell: called with a sentence on how long it may take, when there is something to wait for.
        give_up_if_asked: called twice a second; raises to end the waiting.
    """
    ticket = _ticket(experiment_dir, job, owner, Machine.here())
    _save(ticket)
    while not _may_start(ticket):
        give_up_if_asked()
        tell(waiting_sentence(experiment_dir))
        time.sleep(_POLL_SECONDS)


def leave(experiment_dir: Path) -> None:
    """Give back what it holds."""
    _path(experiment_dir).unlink(missing_ok=True)


def refuse_beyond_limit(owner: str) -> None:
    """Before one more experiment is started.

    Raises:
        ValueError: the owner has as many waiting as allowed.
    """
    allowed = limits.load().max_waiting_per_user
    if allowed is None:
        return
    everybody = tickets()
    waiting = [t for t in everybody if t.owner == owner and t.started is None]
    if everybody and len(waiting) >= allowed:
        raise ValueError(
            f"{owner or 'You'} already has {len(waiting)} experiments waiting, and "
            f"max_waiting_per_user in {limits.path()} is {allowed}. Wait until one has started, or "
            "stop one."
        )


def waiting_sentence(experiment_dir: Path) -> str:
    """How many come first, and when its turn may come."""
    everybody = tickets()
    waiting = [ticket.experiment_dir for ticket in in_order(everybody, _served())]
    running = [ticket for ticket in everybody if ticket.started is not None]
    before = waiting.index(experiment_dir) if experiment_dir in waiting else len(waiting)
    num_before = before + len(running)
    if num_before == 0:
        return "It starts next."
    text = f"{num_before} experiment{'s' if num_before > 1 else ''} before it"
    seconds = _expected_seconds([_record(ticket) for ticket in running], before)
    if seconds is None:
        return f"{text}."
    return f"{text}, expected start in about {_minutes(seconds)}."


def in_order(everybody: Sequence[Ticket], served: Mapping[str, float]) -> list[Ticket]:
    """Who waits, in the order of their turns.

    served: when each owner's turn came last, in seconds since 1970.
    """
    turns = Counter(ticket.owner for ticket in everybody if ticket.started is not None)
    last = dict(served)
    waiting = sorted((t for t in everybody if t.started is None), key=lambda t: t.entered)
    order: list[Ticket] = []
    while waiting:
        following = min(waiting, key=lambda t: (turns[t.owner], last.get(t.owner, 0.0), t.entered))
        waiting.remove(following)
        order.append(following)
        turns[following.owner] += 1
        last[following.owner] = time.time() + len(order)
    return order


def next_to_start(
    everybody: Sequence[Ticket], allowed: QueueLimits, machine: Machine, served: Mapping[str, float]
) -> Ticket | None:
    """Whose turn it is; None while there is no room for the first in line."""
    running = [ticket for ticket in everybody if ticket.started is not None]
    if allowed.max_running is not None and len(running) >= allowed.max_running:
        return None
    own = Counter(ticket.owner for ticket in running)
    most = allowed.max_running_per_user
    for ticket in in_order(everybody, served):
        if most is not None and own[ticket.owner] >= most:
            continue
        fits_cpus = sum(t.num_cpus for t in running) + ticket.num_cpus <= machine.num_cpus
        fits_gpus = sum(t.num_gpus for t in running) + ticket.num_gpus <= machine.num_gpus
        return ticket if not running or (fits_cpus and fits_gpus) else None
    return None


def tickets() -> list[Ticket]:
    """Of all experiments whose engines live."""
    found = (_read(path) for path in _dir().glob("*.json"))
    return [ticket for ticket in found if ticket is not None and _is_alive(ticket)]


def _ticket(experiment_dir: Path, job: Job, owner: str, machine: Machine) -> Ticket:
    """What a job takes of the machine: all of it, unless it says how much a trial needs."""
    at_once = min(job.limits.max_concurrent_trials, job.limits.max_trials)
    asked = job.resources_per_trial
    num_cpus = min(machine.num_cpus, at_once * asked.cpu) if asked.cpu else machine.num_cpus
    num_gpus: float = machine.num_gpus
    if asked.gpu is not None:
        num_gpus = min(machine.num_gpus, at_once * asked.gpu)
    is_elsewhere = job.ray_address is not None
    return Ticket(
        experiment_dir=experiment_dir,
        owner=owner,
        num_cpus=0 if is_elsewhere else num_cpus,
        num_gpus=0 if is_elsewhere else num_gpus,
        entered=time.time(),
    )


def _may_start(ticket: Ticket) -> bool:
    with FileLock(_dir() / "lock"):
        _forget_the_dead()
        following = next_to_start(tickets(), limits.load(), Machine.here(), _served())
        if following is None or following.experiment_dir != ticket.experiment_dir:
            return False
        _save(ticket.model_copy(update={"started": time.time()}))
        atomic.write_text(_served_path(), json.dumps({**_served(), ticket.owner: time.time()}))
    return True


def _forget_the_dead() -> None:
    for path in _dir().glob("*.json"):
        ticket = _read(path)
        if ticket is not None and not _is_alive(ticket):
            path.unlink(missing_ok=True)


def _read(path: Path) -> Ticket | None:
    try:
        return Ticket.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):  # it has just left, or is of another version
        return None


def _is_alive(ticket: Ticket) -> bool:
    return process_lock.is_held(store.lock_path(ticket.experiment_dir))


def _record(ticket: Ticket) -> ExperimentRecord | None:
    try:
        return store.load_experiment(ticket.experiment_dir)
    except (OSError, ValueError):
        return None


def _expected_seconds(running: Sequence[ExperimentRecord | None], num_before: int) -> float | None:
    """Until the next is free, and for those in line before, each as long as the running ones."""
    whole: list[float] = []
    left: list[float] = []
    for record in running:
        if record is None or record.started_at is None:
            return None
        passed = (now() - record.started_at).total_seconds()
        is_known = record.state is ExperimentState.RUNNING and record.progress >= _LEAST_PROGRESS
        if not is_known:
            return None
        whole.append(passed / record.progress)
        at_most = (record.deadline - now()).total_seconds() if record.deadline else whole[-1]
        left.append(min(at_most, whole[-1] - passed))
    if not left:
        return None
    return max(0.0, min(left)) + num_before * mean(whole) / len(running)


def _minutes(seconds: float) -> str:
    if seconds < 90:
        return "1 min"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{round(minutes / 60)} hours"


def _served() -> dict[str, float]:
    """When each owner's turn came last."""
    try:
        return dict(json.loads(_served_path().read_text("utf-8")))
    except (FileNotFoundError, ValueError):
        return {}


def _save(ticket: Ticket) -> None:
    atomic.write_text(_path(ticket.experiment_dir), ticket.model_dump_json())


def _path(experiment_dir: Path) -> Path:
    inode = experiment_dir.stat().st_ino  # two folders may hold experiments of the same name
    return _dir() / f"{experiment_dir.name}-{inode}.json"


def _served_path() -> Path:
    return _dir() / "served"


def _dir() -> Path:
    folder = home.home_dir() / "queue"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
