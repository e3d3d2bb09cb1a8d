"""A GPU that fails is taken out of the search: it is held, so that no trial is given it again.

Ray cannot be told that one of a machine's GPUs is of no use any more.
"""

import re
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from automl.errors import GpuFailedError

_FAILED = re.compile(r"GPU (\S+) of node (\w+) failed")


def describe(error: Exception) -> GpuFailedError:
    """What the worker that saw it reports, with which GPU it was."""
    context = ray.get_runtime_context()
    gpus = ",".join(context.get_accelerator_ids().get("GPU", [])) or "?"
    return GpuFailedError(f"GPU {gpus} of node {context.get_node_id()} failed: {error}")


def find(details: str) -> tuple[str, str] | None:
    """Node and number of the GPU that ended a worker, by what Ray says of its end."""
    found = _FAILED.search(details)
    return (found[2], found[1]) if found else None


class LostGpus:
    """Holds the failed ones; others that are handed out on the way are given back."""

    def __init__(self) -> None:
        self.taken_out: set[tuple[str, str]] = set()
        """Node and number of GPUs that nobody is given any more."""

        self._wanted: list[tuple[str, str]] = []
        self._asked: tuple[Any, Any] | None = None
        self._others: list[Any] = []
        self._holders: list[Any] = []  # Ray ends an actor that nobody knows any more

    @property
    def all(self) -> set[tuple[str, str]]:
        """Also those that are still to be taken out."""
        return {*self.taken_out, *self._wanted}

    def take_out(self, node: str, gpu: str) -> None:
        if (node, gpu) not in self.all:
            self._wanted.append((node, gpu))
            self.look()

    def look(self) -> None:
        """Go on with it; call it again and again."""
        if self._asked is None and self._wanted:
            self._asked = self._ask(self._wanted[0][0])
        if self._asked is None or not ray.wait([self._asked[1]], timeout=0)[0]:
            return
        holder, answer = self._asked
        self._asked = None
        if ray.get(answer) != self._wanted[0][1]:
            self._others.append(holder)  # until the right one is found, or it would come again
            self.look()
            return
        self._holders.append(holder)
        self.taken_out.add(self._wanted.pop(0))
        for other in self._others:
            ray.kill(other)
        self._others.clear()

    def _ask(self, node: str) -> tuple[Any, Any]:
        here = NodeAffinitySchedulingStrategy(node, soft=False)
        remote = ray.remote(_Holder).options(num_cpus=0, num_gpus=1, scheduling_strategy=here)
        holder = remote.remote()
        return holder, holder.gpu.remote()


class _Holder:
    """Has a GPU, and does nothing with it."""

    def gpu(self) -> str:
        return str(ray.get_runtime_context().get_accelerator_ids()["GPU"][0])
