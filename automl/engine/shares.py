"""The share of a cluster that each trial gets, for machines of different sizes."""

import math
from collections.abc import Sequence

from automl.engine.nodes import Node
from automl.engine.resources import Resources, gpu_share, refuse_too_much, trials_on
from automl.errors import UserError
from automl.jobs import machine_share
from automl.jobs.job import Job
from automl.jobs.machine_share import ResourcesPerTrial
from automl.texts import mark


def plan(job: Job, nodes: Sequence[Node], *, num_trials: int) -> Resources:
    """Choose the share of a trial so that as many as the job allows run at a time.

    A trial spans several machines if it asks for them, or for more GPUs than one machine has; each
    gives it an equal part. With GPUs in the cluster, machines without one get no trial.

    Args:
        job: the job, with its limits.
        nodes: the machines that can run trials; at least one.
        num_trials: number of trials to run.

    Raises:
        UserError: a trial needs more than the machines have.
    """
    able = [node for node in nodes if node.num_gpus] or list(nodes)
    num_machines = _num_machines(job, able)
    needed = _part(job.resources_per_trial, able, num_machines)
    refuse_too_much(
        needed,
        cores=max(node.num_cpus for node in able),
        gpus=max(node.num_gpus for node in able),
        place=mark("the largest machine of the cluster"),
    )
    wanted = min(job.limits.max_concurrent_trials, num_trials)
    gpus = needed.gpu if needed.gpu is not None else _gpu_share(able, wanted)
    cpus = needed.cpu or _cores(able, gpus, wanted, num_machines)
    fitting = min(wanted, slots(able, cpus, gpus, num_machines))
    if not fitting:  # several machines of which only some have as much
        raise UserError(
            f"A trial needs {num_machines} machines with {cpus} cores and {gpus:g} GPUs each, and "
            "the cluster has not so many. Ask for less in resources_per_trial or in "
            "properties.node_count_per_trial, or add machines."
        )
    notes = []
    if fitting < wanted:
        notes.append(
            mark(
                "{fitting} trials run at the same time instead of {wanted}, until more machines "
                "join the cluster."
            ).format(fitting=fitting, wanted=wanted)
        )
    return Resources(
        max_concurrent_trials=fitting,
        num_cpus=cpus,
        num_gpus=gpus,
        notes=notes,
        with_more_machines=wanted,
        num_machines=num_machines,
    )


def slots(nodes: Sequence[Node], num_cpus: int, num_gpus: float, num_machines: int = 1) -> int:
    """Number of trials with these shares of so many machines that run at a time."""
    return sum(_slots(node, num_cpus, num_gpus) for node in nodes) // num_machines


def _num_machines(job: Job, nodes: Sequence[Node]) -> int:
    """Machines of a trial: as the job says, or as few as have its GPUs."""
    asked = machine_share.node_count(job.properties)
    if asked is not None:
        if asked > len(nodes):
            raise UserError(
                f"properties.node_count_per_trial is {asked}, but the cluster has {len(nodes)} "
                f"that can run trials. Ask for at most {len(nodes)}, or add machines."
            )
        return asked
    gpus = job.resources_per_trial.gpu or 0
    for number in range(1, len(nodes) + 1):
        if gpus % number == 0 and sum(node.num_gpus >= gpus / number for node in nodes) >= number:
            return number
    return 1  # too much for this cluster, as the sentence says


def _part(needed: ResourcesPerTrial, nodes: Sequence[Node], num_machines: int) -> ResourcesPerTrial:
    """The part of a trial's share on each of its machines; of all GPUs, if none are asked for."""
    if num_machines == 1:
        return needed
    gpus = needed.gpu
    if gpus is None:
        part = min(node.num_gpus for node in nodes)
    elif gpus % num_machines == 0:
        part = int(gpus) // num_machines
    else:
        raise UserError(
            f"resources_per_trial.gpu is {gpus:g}, which {num_machines} machines cannot share "
            f"equally. Ask for a multiple of {num_machines}, or change "
            "properties.node_count_per_trial."
        )
    cpus = None if needed.cpu is None else math.ceil(needed.cpu / num_machines)
    return ResourcesPerTrial(cpu=cpus, gpu=part)


def _slots(node: Node, num_cpus: int, num_gpus: float) -> int:
    by_cores = node.num_cpus // num_cpus
    if not num_gpus:
        return by_cores
    return min(by_cores, trials_on(node.num_gpus, num_gpus))


def _gpu_share(nodes: Sequence[Node], wanted: int) -> float:
    total = sum(node.num_gpus for node in nodes)
    if not total:
        return 0.0
    return gpu_share(math.ceil(wanted / total))


def _cores(nodes: Sequence[Node], gpus: float, wanted: int, num_machines: int) -> int:
    """The most cores with which as many trials run at a time as with one core each."""
    most = min(wanted, slots(nodes, 1, gpus, num_machines))
    largest = max(node.num_cpus for node in nodes)
    return next(
        cores
        for cores in range(largest, 0, -1)
        if cores == 1 or slots(nodes, cores, gpus, num_machines) >= max(1, most)
    )
