"""Why trials wait although the job allows more at a time, in a sentence."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import ray
from ray.tune.experiment import Trial

from automl.engine import ray_internals
from automl.engine.resources import Resources
from automl.texts import mark

_PATIENCE_SECONDS = 10.0
"""The first seconds of a wait are those in which a worker starts."""

_NEEDED = {
    ("CPU", True, False): mark("a core"),
    ("CPU", True, True): mark("a core on each of {count} machines"),
    ("CPU", False, False): mark("{number} cores on one machine"),
    ("CPU", False, True): mark("{number} cores on each of {count} machines"),
    ("GPU", True, False): mark("a GPU"),
    ("GPU", True, True): mark("a GPU on each of {count} machines"),
    ("GPU", False, False): mark("{number} GPUs on one machine"),
    ("GPU", False, True): mark("{number} GPUs on each of {count} machines"),
}
"""By resource of Ray, and whether one of it is enough and several machines have it."""


class Place(NamedTuple):
    """A machine: `CPU` and `GPU` in total, and those that no trial has."""

    total: Mapping[str, float]
    free: Mapping[str, float]


class Waiting:
    """Looks again and again which trials wait for a share of the cluster."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._since: float | None = None

    def look(self, trials: list[Trial], at: float) -> str:
        """The sentence; empty if no trial has waited for long.

        Args:
            trials: Tune's trials.
            at: seconds on a monotonic clock.
        """
        num_running = sum(trial.status == Trial.RUNNING for trial in trials)
        num_pending = sum(trial.status == Trial.PENDING for trial in trials)
        share = self._resources
        allowed = share.with_more_machines or share.max_concurrent_trials
        num_waiting = min(num_pending, allowed - num_running)
        if num_waiting <= 0:
            self._since = None
            return ""
        self._since = at if self._since is None else self._since
        if at - self._since < _PATIENCE_SECONDS:
            return ""
        # the worker of a trial that has its share may still be starting
        num_waiting = min(num_waiting, _num_without_share())
        if not num_waiting:
            return ""
        return sentence(num_waiting, share, self._places())

    def _places(self) -> list[Place]:
        """The machines that trials may run on."""
        free, refused = ray_internals.free_by_node(), self._resources.refused_nodes
        return [
            Place(each["Resources"], free.get(each["NodeID"], {}))
            for each in ray.nodes()
            if each["Alive"] and each["NodeID"] not in refused
        ]


def _num_without_share() -> int:
    """Number of shares that Ray has not found a place for."""
    asked = ray.util.placement_group_table().values()
    return sum(one["state"] in ("PENDING", "RESCHEDULING") for one in asked)


def sentence(num_waiting: int, share: Resources, places: Sequence[Place]) -> str:
    """Say what the trials wait for; empty if one of them is about to be placed.

    Args:
        num_waiting: number of trials that wait.
        share: what each of them needs.
        places: the machines that they may run on.
    """
    has_gpu = [each for each in places if each.free.get("GPU", 0) >= share.num_gpus]
    is_placed = sum(_num_shares(each, share) for each in has_gpu) >= share.num_machines
    if is_placed and not share.num_gpus:
        return ""
    # free parts of several GPUs are no GPU
    is_gpu = share.num_gpus > 0 and (is_placed or len(has_gpu) < share.num_machines)
    key = "GPU" if is_gpu else "CPU"
    needed = share.num_gpus if is_gpu else share.num_cpus
    total = sum(each.total.get(key, 0) for each in places)
    used = total - sum(each.free.get(key, 0) for each in places)
    what = _NEEDED[key, needed <= 1, share.num_machines > 1].format(
        number=f"{needed:g}", count=share.num_machines
    )
    one = mark("1 trial waits for {what}: {used} of {whole} in use.")
    several = mark("{count} trials wait for {what}: {used} of {whole} in use.")
    return (one if num_waiting == 1 else several).format(
        count=num_waiting, what=what, used=f"{used:g}", whole=f"{total:g}"
    )


def _num_shares(place: Place, share: Resources) -> int:
    """Number of shares that are free on a machine."""
    by_cores = int(place.free.get("CPU", 0) // share.num_cpus)
    if not share.num_gpus:
        return by_cores
    return min(by_cores, int(place.free.get("GPU", 0) // share.num_gpus))
