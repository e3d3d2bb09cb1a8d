"""The order in which experiments start: a pure rule over their tickets.

Owners take turns: next is an experiment of the owner who runs fewest, then of the owner whose last
turn was longest ago, then the oldest. The first in line starts as soon as its cores and GPUs are
free. No experiment overtakes it meanwhile, or a large one would never start.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from automl.experiments.limits import QueueLimits
from automl.frozen_model import FrozenModel
from automl.host.cores import usable_cores
from automl.host.machine import num_gpus
from automl.jobs.job import Job


class Ticket(FrozenModel):
    """An experiment that wants to run, or runs, with its share of the machine."""

    experiment_dir: Path
    owner: str
    num_cpus: int
    num_gpus: float
    entered: float
    """When it joined the queue, in seconds since 1970."""

    started: float | None = None
    """When its turn came, in seconds since 1970; None while it waits."""

    is_reserved: bool = False
    """Its engine has not joined the queue yet; counted against the owner's limit only."""


class Machine(FrozenModel):
    """The cores and GPUs that the experiments share."""

    num_cpus: int
    num_gpus: int

    @classmethod
    def here(cls) -> "Machine":
        return cls(num_cpus=usable_cores(), num_gpus=num_gpus())


def make_ticket(
    experiment_dir: Path, job: Job, owner: str, machine: Machine, entered: float
) -> Ticket:
    """A ticket for the whole machine, unless the job says how much one trial needs.

    A job for a remote Ray cluster needs nothing of this machine.
    """
    at_once = min(job.limits.max_concurrent_trials, job.limits.max_trials)
    per_trial = job.resources_per_trial
    cpus, gpus = machine.num_cpus, float(machine.num_gpus)
    if per_trial.cpu:
        cpus = min(cpus, at_once * per_trial.cpu)
    if per_trial.gpu is not None:
        gpus = min(gpus, at_once * per_trial.gpu)
    is_remote = job.ray_address is not None
    return Ticket(
        experiment_dir=experiment_dir,
        owner=owner,
        num_cpus=0 if is_remote else cpus,
        num_gpus=0 if is_remote else gpus,
        entered=entered,
    )


def in_order(tickets: Sequence[Ticket], last_turns: Mapping[str, float]) -> list[Ticket]:
    """The waiting tickets in the order of their turns.

    Args:
        tickets: the waiting and the running ones.
        last_turns: when each owner's last turn came, in seconds since 1970.
    """
    num_running = Counter(ticket.owner for ticket in tickets if ticket.started is not None)
    turns = dict(last_turns)
    latest = max(turns.values(), default=0.0)
    waiting = [ticket for ticket in tickets if ticket.started is None]
    order: list[Ticket] = []
    while waiting:
        following = min(
            waiting,
            key=lambda t: (num_running[t.owner], turns.get(t.owner, 0.0), t.entered),
        )
        waiting.remove(following)
        order.append(following)
        # the rest is ordered as if this one had started
        num_running[following.owner] += 1
        turns[following.owner] = latest + len(order)
    return order


def next_to_start(
    tickets: Sequence[Ticket],
    limits: QueueLimits,
    machine: Machine,
    last_turns: Mapping[str, float],
) -> Ticket | None:
    """The ticket that may start now; None while the first in line has to wait.

    An experiment may start when nothing else runs, whatever it needs: if it needs more than the
    machine has, its plan says so.
    """
    running = [ticket for ticket in tickets if ticket.started is not None]
    if limits.max_running is not None and len(running) >= limits.max_running:
        return None
    num_running = Counter(ticket.owner for ticket in running)
    per_user = limits.max_running_per_user
    for ticket in in_order(tickets, last_turns):
        if per_user is not None and num_running[ticket.owner] >= per_user:
            continue
        fits_cpus = sum(t.num_cpus for t in running) + ticket.num_cpus <= machine.num_cpus
        fits_gpus = sum(t.num_gpus for t in running) + ticket.num_gpus <= machine.num_gpus
        return ticket if not running or (fits_cpus and fits_gpus) else None
    return None


def still_waiting(
    tickets: Sequence[Ticket],
    limits: QueueLimits,
    machine: Machine,
    last_turns: Mapping[str, float],
) -> list[Ticket]:
    """The tickets that wait on when every ticket that may start now has started."""
    tickets = list(tickets)
    while (following := next_to_start(tickets, limits, machine, last_turns)) is not None:
        position = tickets.index(following)
        tickets[position] = following.model_copy(update={"started": following.entered})
    return [ticket for ticket in tickets if ticket.started is None]
