"""GPUs that have failed, taken out of the search.

Ray has no way to remove one GPU of a machine. So an actor that does nothing is given the failed GPU
and keeps it: no trial can be given it then.
"""

from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from automl.errors import GpuFailedError


def describe(error: Exception, rank: int = 0) -> GpuFailedError:
    """Error of a worker that names its GPU and its node; of several GPUs that of the rank."""
    context = ray.get_runtime_context()
    gpus = context.get_accelerator_ids().get("GPU", [])
    gpu = gpus[rank] if rank < len(gpus) else "?"
    node = context.get_node_id()
    failed = GpuFailedError(f"GPU {gpu} of node {node} failed: {error}")
    failed.node, failed.gpu = node, gpu
    return failed


def present() -> dict[str, str]:
    """Numbers of this worker's GPUs on their machine, for the record of its trial, if any."""
    gpus = ray.get_runtime_context().get_accelerator_ids().get("GPU", [])
    return {"gpu": ", ".join(gpus)} if gpus else {}


class LostGpus:
    """Holds the failed GPUs.

    Ray chooses which GPU of a node an actor is given. So actors are started one after the other
    until one has the failed GPU. Those with another GPU are kept until then, or the next actor
    would be given the same one.
    """

    def __init__(self) -> None:
        self.taken_out: set[tuple[str, str]] = set()
        """Node and number of each GPU that is held."""

        self._to_take_out: list[tuple[str, str]] = []
        self._starting: tuple[Any, Any] | None = None
        """An actor, and the number of its GPU as a future."""

        self._with_other_gpu: list[Any] = []
        self._holders: list[Any] = []  # Ray ends an actor whose handle is gone

    @property
    def all(self) -> set[tuple[str, str]]:
        """GPUs that are held, and those that will be."""
        return {*self.taken_out, *self._to_take_out}

    def take_out(self, node: str, gpu: str) -> None:
        """Begin to hold a GPU; `look` goes on with it."""
        if (node, gpu) not in self.all:
            self._to_take_out.append((node, gpu))
            self.look()

    def look(self) -> None:
        """Take the next step, if Ray has answered; must be called again and again."""
        if self._starting is None and self._to_take_out:
            self._starting = _start_holder(self._to_take_out[0][0])
        if self._starting is None or not ray.wait([self._starting[1]], timeout=0)[0]:
            return
        holder, gpu = self._starting
        self._starting = None
        if ray.get(gpu) != self._to_take_out[0][1]:
            self._with_other_gpu.append(holder)
            self.look()
            return
        self._holders.append(holder)
        self.taken_out.add(self._to_take_out.pop(0))
        for actor in self._with_other_gpu:
            ray.kill(actor)
        self._with_other_gpu.clear()


class _Holder:
    """Actor that has a GPU and does not use it."""

    def gpu(self) -> str:
        """Number of its GPU."""
        return str(ray.get_runtime_context().get_accelerator_ids()["GPU"][0])


def _start_holder(node: str) -> tuple[Any, Any]:
    here = NodeAffinitySchedulingStrategy(node, soft=False)
    remote = ray.remote(_Holder).options(num_cpus=0, num_gpus=1, scheduling_strategy=here)
    holder = remote.remote()
    return holder, holder.gpu.remote()
