"""Share of the machine or the cluster for each trial, and the number of trials at a time."""

import math
from dataclasses import dataclass, replace

from automl.errors import UserError
from automl.jobs import machine_share
from automl.jobs.job import Job
from automl.jobs.machine_share import ResourcesPerTrial
from automl.texts import mark


@dataclass(frozen=True)
class Resources:
    """Share of the machine for each trial, and the number of trials at a time."""

    max_concurrent_trials: int
    num_cpus: int
    num_gpus: float
    """Cores and GPUs of a trial, on each of its machines."""

    notes: list[str]
    num_machines: int = 1
    """Machines of a cluster that train one trial together."""

    with_more_machines: int = 0
    """Number of trials at a time that Ray may start when machines have joined the cluster."""

    asked_nodes: tuple[str, ...] = ()
    """Ids of the cluster's machines that were asked whether they can run trials."""

    refused_nodes: tuple[str, ...] = ()
    """Ids of the cluster's machines that must get no trial."""

    @property
    def placing(self) -> dict[str, str]:
        """Ray's label selector for everything that runs like a trial."""
        refused = ",".join(self.refused_nodes)
        return {"ray.io/node-id": f"!in({refused})"} if refused else {}


def plan_resources(job: Job, *, num_trials: int, num_cpus: int, num_gpus: int) -> Resources:
    """Choose how many trials run at a time, and the share of each.

    Trials times threads never exceeds the cores.

    Args:
        job: the job, with its limits.
        num_trials: number of trials to run.
        num_cpus: cores of the cluster.
        num_gpus: GPUs of the cluster.

    Raises:
        UserError: a trial needs more than the cluster has.
    """
    needed = job.resources_per_trial
    refuse_too_much(needed, cores=num_cpus, gpus=num_gpus, place="this machine")
    concurrent = min(job.limits.max_concurrent_trials, num_trials)
    fitting = num_cpus // (needed.cpu or 1)
    if needed.gpu:
        fitting = min(fitting, trials_on(num_gpus, needed.gpu))
    notes = []
    if concurrent > fitting:
        notes.append(
            mark(
                "{fitting} trials run at the same time instead of {wanted}: there are {cores} "
                "cores and {gpus} GPUs."
            ).format(fitting=fitting, wanted=concurrent, cores=num_cpus, gpus=num_gpus)
        )
        concurrent = fitting
    share = gpu_share(math.ceil(concurrent / num_gpus)) if num_gpus else 0.0
    return Resources(
        max_concurrent_trials=concurrent,
        num_cpus=needed.cpu or num_cpus // concurrent,
        num_gpus=share if needed.gpu is None else needed.gpu,
        notes=notes,
    )


def gpu_share(per_gpu: int) -> float:
    """Share of a GPU by which so many trials run on one."""
    return math.floor(10_000 / per_gpu) / 10_000  # Ray counts to four places


def trials_of_share(share: float) -> int:
    """Number of trials that fit on a GPU with a share of it in 0 to 1, without 0."""
    return math.floor(1 / share + 1e-9)


def trials_on(num_gpus: int, share: float) -> int:
    """Number of trials that fit on the GPUs of a machine; none spans two without asking for it."""
    return num_gpus * trials_of_share(share) if share < 1 else int(num_gpus // share)


def refuse_too_much(needed: ResourcesPerTrial, *, cores: int, gpus: int, place: str) -> None:
    """Refuse a share that one machine cannot give.

    Args:
        needed: the share.
        cores, gpus: those of the machine.
        place: the machine, for the message.

    Raises:
        UserError: a trial needs more than there is.
    """
    found = machine_share.too_much(needed, cores=cores, gpus=gpus, place=place)
    if found:
        raise UserError(" ".join(found.values()))


def with_fewer_trials(resources: Resources) -> Resources:
    """Half as many trials at a time, each with the same cores, because the memory was short."""
    concurrent = max(1, resources.max_concurrent_trials // 2)
    note = mark(
        "The memory of the machine was short: {count} at a time run now instead of {before}."
    ).format(count=concurrent, before=resources.max_concurrent_trials)
    return replace(
        resources,
        max_concurrent_trials=concurrent,
        with_more_machines=0,
        notes=[*resources.notes, note],
    )
