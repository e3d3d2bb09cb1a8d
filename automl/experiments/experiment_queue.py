"""The queue of one home: engines wait in it until their experiment may run.

An engine that wants to run writes a ticket into `<home>/queue` and waits until `queue_order` says
that it is next. A ticket counts for as long as its engine holds the experiment's lock, so an
engine that was killed blocks nobody.

Between the creation of an experiment and the first line of its engine lie seconds. A reserved
ticket stands for it meanwhile, or a person could create any number of experiments before the
first of them is counted.
"""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import mean
from typing import NamedTuple

from filelock import FileLock
from pydantic import ValidationError

from automl.errors import UserError
from automl.experiments import limits, queue_order, store, time_left
from automl.experiments.queue_order import Machine, Ticket
from automl.experiments.records import now
from automl.host import atomic, home, process_lock
from automl.jobs.job import Job
from automl.texts import mark

_POLL_SECONDS = 0.5
_RESERVED_SECONDS = 60.0
"""How long a reserved ticket counts if no engine is started for it."""


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Keep the tickets as they are, for this thread: no other process writes one meanwhile."""
    with FileLock(_folder() / "lock"):
        yield


def refuse_beyond_limit(owner: str, job: Job, experiment_dir: Path | None = None) -> None:
    """Refuse a start that would leave the owner with more waiting experiments than allowed.

    An experiment that starts at once does not wait. Call it while the queue is `locked`.

    Args:
        owner: of the experiment.
        job: of the experiment; it says how much of the machine it needs.
        experiment_dir: of the experiment, if it exists already.

    Raises:
        UserError: the owner has as many waiting as allowed.
    """
    queue_limits = limits.load()
    allowed = queue_limits.max_waiting_per_user
    if allowed is None:
        return
    machine = Machine.here()
    # a path that no experiment has stands for the one that is created
    new = queue_order.make_ticket(experiment_dir or Path(), job, owner, machine, time.time())
    others = [ticket for ticket in _read_all() if ticket.experiment_dir != new.experiment_dir]
    waiting = queue_order.still_waiting([*others, new], queue_limits, machine, _last_turns())
    num_before = sum(ticket.owner == owner for ticket in waiting) - 1
    if new not in waiting or num_before < allowed:
        return
    if allowed == 0:
        raise UserError(
            f"max_waiting_per_user in {limits.path()} is 0, so no experiment may wait, and this "
            "one could not start now. Start it when another has ended."
        )
    waiting_now = _count(num_before)
    said = (
        mark(f"{owner} already has {waiting_now} waiting")
        if owner
        else mark(f"You already have {waiting_now} waiting")
    )
    raise UserError(
        f"{said}, and max_waiting_per_user in {limits.path()} is {allowed}. Wait until one has "
        "started, or stop one."
    )


def reserve(experiment_dir: Path, job: Job, owner: str) -> None:
    """Count an experiment whose engine is about to start; while the queue is `locked`."""
    ticket = queue_order.make_ticket(experiment_dir, job, owner, Machine.here(), time.time())
    _write(ticket.model_copy(update={"is_reserved": True}))


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
        experiment_dir: of the experiment whose lock the caller holds.
        job: of the experiment; it says how much of the machine it needs.
        owner: of the experiment.
        tell: called with a sentence on how long it may take, while there is something to wait for.
        give_up_if_asked: called twice a second; raises to end the waiting.
    """
    ticket = queue_order.make_ticket(experiment_dir, job, owner, Machine.here(), time.time())
    with locked():  # or the removal of an old ticket of this experiment could remove this one
        _write(ticket)
    while not _start_if_next(ticket):
        give_up_if_asked()
        tell(waiting_sentence(experiment_dir))
        time.sleep(_POLL_SECONDS)


def leave(experiment_dir: Path) -> None:
    """Remove the experiment's ticket, if it has one."""
    _ticket_path(experiment_dir).unlink(missing_ok=True)


def tickets() -> list[Ticket]:
    """The tickets of all engines that wait or run."""
    return [ticket for ticket in _read_all() if not ticket.is_reserved]


def waiting_sentence(experiment_dir: Path) -> str:
    """The number of experiments that come first, and when this one is expected to start."""
    everybody = tickets()
    order = queue_order.in_order(everybody, _last_turns())
    waiting = [ticket.experiment_dir for ticket in order]
    running = [ticket for ticket in everybody if ticket.started is not None]
    num_waiting = waiting.index(experiment_dir) if experiment_dir in waiting else len(waiting)
    num_before = num_waiting + len(running)
    if num_before == 0:
        return mark("It starts next.")
    seconds = expected_seconds([_running(ticket) for ticket in running], num_waiting)
    if seconds is None:
        return mark("Experiments before it: {count}.").format(count=num_before)
    return mark("Experiments before it: {count}, expected start in about {time}.").format(
        count=num_before, time=_time(seconds)
    )


class Running(NamedTuple):
    """Seconds of an experiment that runs."""

    so_far: float
    left: float
    """Most likely."""


def expected_seconds(running: Sequence[Running | None], num_waiting: int) -> float | None:
    """Seconds until an experiment may start; None if that is not known.

    The first of the running experiments makes room; each waiting one before it takes as long as a
    running one on average.

    Args:
        running: the experiments that run; None where the time left is not known.
        num_waiting: the number of experiments that wait before it.
    """
    known = [each for each in running if each is not None]
    if not known or len(known) < len(running):
        return None
    whole = mean(each.so_far + each.left for each in known)
    return min(each.left for each in known) + num_waiting * whole / len(known)


def _start_if_next(ticket: Ticket) -> bool:
    with locked():
        _remove_old_tickets()
        last_turns = _last_turns()
        following = queue_order.next_to_start(tickets(), limits.load(), Machine.here(), last_turns)
        if following is None or following.experiment_dir != ticket.experiment_dir:
            return False
        _write(ticket.model_copy(update={"started": time.time()}))
        last_turns[ticket.owner] = time.time()
        atomic.write_text(_last_turns_path(), json.dumps(last_turns))
    return True


def _read_all() -> list[Ticket]:
    """The tickets that count, the reserved ones included."""
    read = (_read(path) for path in _folder().glob("*.json"))
    return [ticket for ticket in read if ticket is not None and _counts(ticket)]


def _remove_old_tickets() -> None:
    for path in _folder().glob("*.json"):
        ticket = _read(path)
        if ticket is not None and not _counts(ticket):
            path.unlink(missing_ok=True)


def _counts(ticket: Ticket) -> bool:
    is_young = time.time() - ticket.entered < _RESERVED_SECONDS
    if ticket.is_reserved and is_young and store.is_experiment(ticket.experiment_dir):
        return True
    return process_lock.is_held(store.lock_path(ticket.experiment_dir))


def _read(path: Path) -> Ticket | None:
    try:
        return Ticket.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):  # it was just removed, or is of another version
        return None


def _write(ticket: Ticket) -> None:
    # without the defaults it can be read by an engine of an earlier version, too
    text = ticket.model_dump_json(exclude_defaults=True)
    atomic.write_text(_ticket_path(ticket.experiment_dir), text)


def _running(ticket: Ticket) -> Running | None:
    """Known times of an experiment that runs; None if too little is known."""
    try:
        record = store.load_experiment(ticket.experiment_dir)
        trials = store.load_trials(ticket.experiment_dir)
    except (OSError, ValidationError, UserError):
        return None
    left = time_left.estimate(record, trials, now()).whole
    if left is None or record.seconds is None:
        return None
    return Running(record.seconds, left.likely)


def _last_turns() -> dict[str, float]:
    """When each owner's last turn came, in seconds since 1970."""
    try:
        return dict(json.loads(_last_turns_path().read_text("utf-8")))
    except (FileNotFoundError, ValueError):
        return {}


def _count(number: int) -> str:
    return f"{number:,} {'experiment' if number == 1 else 'experiments'}"


def _time(seconds: float) -> str:
    """Rounded, as it is a guess: `1 min`, `25 min`, `3 hours`."""
    minutes = max(1, round(seconds / 60))
    return f"{minutes} min" if minutes < 120 else f"{round(minutes / 60)} hours"


def _ticket_path(experiment_dir: Path) -> Path:
    inode = experiment_dir.stat().st_ino  # two folders may hold experiments of the same name
    return _folder() / f"{experiment_dir.name}-{inode}.json"


def _last_turns_path() -> Path:
    return _folder() / "served"


def _folder() -> Path:
    folder = home.home_dir() / "queue"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
