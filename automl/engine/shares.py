"""The share of a cluster that each trial gets, for machines of different sizes."""

import math
from collections.abc import Sequence

from automl.engine.nodes import Node
from automl.engine.resources import Resources, gpu_share, refuse_too_much, trials_on
from automl.jobs.job import Job


def plan(job: Job, nodes: Sequence[Node], *, num_trials: int) -> Resources:
    """Choose the share of a trial so that as many as the job allows run at a time.

    No trial spans two machines or two GPUs that it has not asked for. With GPUs in the cluster,
    machines without one get no trial.

    Args:
        job: the job, with its limits.
        nodes: the machines that can run trials; at least one.
        num_trials: number of trials to run.

    Raises:
        UserError: a trial needs more than any machine has.
    """
    needed = job.resources_per_trial
    able = [node for node in nodes if node.num_gpus] or list(nodes)
    refuse_too_much(
        needed,
        cores=max(node.num_cpus for node in able),
        gpus=max(node.num_gpus for node in able),
        place="the largest machine of the cluster",
    )
    wanted = min(job.limits.max_concurrent_trials, num_trials)
    gpus = needed.gpu if needed.gpu is not None else _gpu_share(able, wanted)
    cpus = needed.cpu or _cores(able, gpus, wanted)
    fitting = min(wanted, slots(able, cpus, gpus))
    notes = []
    if fitting < wanted:
        notes.append(
            f"{fitting} trials run at the same time instead of {wanted}, until more machines join "
            "the cluster."
        )
    return Resources(
        max_concurrent_trials=fitting,
        num_cpus=cpus,
        num_gpus=gpus,
        notes=notes,
        with_more_machines=wanted,
    )


def slots(nodes: Sequence[Node], num_cpus: int, num_gpus: float) -> int:
    """Number of trials with these shares that run on the machines at a time."""
    return sum(_slots(node, num_cpus, num_gpus) for node in nodes)


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


def _cores(nodes: Sequence[Node], gpus: float, wanted: int) -> int:
    """The most cores with which as many trials run at a time as with one core each."""
    most = max(1, min(wanted, slots(nodes, 1, gpus)))
    largest = max(node.num_cpus for node in nodes)
    return next(cores for cores in range(largest, 0, -1) if slots(nodes, cores, gpus) >= most)
