"""The machines of a Ray cluster: asked before the first trial whether they can run one."""

import importlib.metadata
import platform
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from automl.host import home, machine
from automl.texts import mark

_ASK_SECONDS = 120.0
_LOOK_SECONDS = 0.2
_LEAST_MEMORY, _LEAST_DISK = 10**9, 2 * 10**9
_SAME = ("torch", "timm")
"""Libraries whose version must be that of the engine: numbers and names of models depend on it."""

_NEEDED = ("torchvision", "numpy", "pandas", "pillow", "pydantic", "safetensors", "scikit-learn")


@dataclass(frozen=True)
class Node:
    """One machine of the cluster."""

    node_id: str
    name: str
    num_cpus: int
    num_gpus: int


@dataclass(frozen=True)
class Facts:
    """Libraries, devices and files that a trial would find on a machine."""

    python: str
    versions: Mapping[str, str]
    """Versions of the libraries that are installed."""

    free_memory: int
    free_disk: int
    """Bytes; the disk is that of our caches."""

    num_cuda_devices: int | None
    """GPUs that torch can use; None if torch was not asked."""


def alive() -> list[Node]:
    """The machines that Ray knows of and that have cores for a trial."""
    import ray

    found = [
        Node(
            each["NodeID"],
            _name(each),
            int(each["Resources"].get("CPU", 0)),
            int(each["Resources"].get("GPU", 0)),
        )
        for each in ray.nodes()
        if each["Alive"]
    ]
    return [node for node in found if node.num_cpus]


def _name(described: Mapping[str, Any]) -> str:
    host, address = described.get("NodeManagerHostname"), described["NodeManagerAddress"]
    return f"{host} ({address})" if host and host != address else str(address)


def refused(nodes: Sequence[Node], wait: Callable[[], None]) -> dict[str, str]:
    """Ask every machine, all at once, whether a trial can run there.

    Args:
        nodes: the machines to ask.
        wait: called while they answer; may raise an error to give up.

    Returns:
        By the id of each machine that gets no trial, the reason with the remedy.
    """
    import ray

    pending = {ask(node): node for node in nodes}
    waiting, until = list(pending), time.monotonic() + _ASK_SECONDS
    while waiting and time.monotonic() < until:
        _, waiting = ray.wait(waiting, num_returns=len(waiting), timeout=_LOOK_SECONDS)
        wait()
    here, reasons = facts(has_gpus=False), {}
    for answer, node in pending.items():
        if reason := _no_answer(answer) if answer in waiting else misfit_of(answer, node, here):
            reasons[node.node_id] = mark(f"{node.name} gets no trial: {reason}")
    return reasons


def ask(node: Node) -> Any:
    """Reference to the facts about a machine, for `misfit_of`."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    there = NodeAffinitySchedulingStrategy(node.node_id, soft=False)
    task = ray.remote(facts).options(num_cpus=0, max_retries=0, scheduling_strategy=there)
    return task.remote(has_gpus=node.num_gpus > 0)


def _no_answer(answer: Any) -> str:
    import ray

    ray.cancel(answer, force=True)
    return mark(
        f"it did not answer within {_ASK_SECONDS:.0f} seconds. Look at its Ray logs "
        "(/tmp/ray/session_latest/logs there), or stop Ray on it."
    )


def misfit_of(answer: Any, node: Node, here: Facts) -> str:
    """Reason against a machine that has answered `ask`; empty if there is none."""
    import ray
    from ray.exceptions import RayError

    try:
        return misfit(ray.get(answer), here, num_gpus=node.num_gpus)
    except RayError as error:
        first, *_ = str(getattr(error, "cause", None) or error).strip().splitlines()
        return mark(
            f"our code does not start there ({first}). Install Python {here.python} and the "
            "packages of requirements.txt on it, then restart its Ray."
        )


def facts(*, has_gpus: bool) -> Facts:
    """Facts about this machine.

    Args:
        has_gpus: Ray offers GPUs here, so that torch is asked for them, which takes seconds.
    """
    versions = {}
    for name in (*_SAME, *_NEEDED):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return Facts(
        python=platform.python_version(),
        versions=versions,
        free_memory=machine.memory().free,
        free_disk=shutil.disk_usage(home.cache_dir("carried")).free,
        num_cuda_devices=_num_cuda_devices() if has_gpus and "torch" in versions else None,
    )


def _num_cuda_devices() -> int:
    import torch

    return torch.cuda.device_count()


def misfit(found: Facts, here: Facts, *, num_gpus: int) -> str:
    """Why a machine cannot run trials, with the remedy; empty if it can.

    Args:
        found: the machine's facts.
        here: the engine's.
        num_gpus: GPUs that Ray offers there.
    """
    if _minor(found.python) != _minor(here.python):
        wanted = _minor(here.python)
        return mark(
            f"it has Python {found.python}, the engine {here.python}. Install Python {wanted}."
        )
    missing = [name for name in (*_SAME, *_NEEDED) if name not in found.versions]
    if missing:
        return mark(
            f"it lacks {', '.join(missing)}. Run there: pip install {_pinned(missing, here)}."
        )
    other = [name for name in _SAME if _release(found, name) != _release(here, name)]
    if other:
        there = " and ".join(f"{name} {found.versions[name]}" for name in other)
        ours = " and ".join(f"{name} {here.versions[name]}" for name in other)
        return mark(
            f"it has {there}, the engine {ours}. Run there: pip install {_pinned(other, here)}."
        )
    if num_gpus and found.num_cuda_devices == 0:
        return mark(
            "Ray offers its GPU, but torch there cannot use it. Install torch for CUDA and the "
            "driver, or start its Ray with --num-gpus=0."
        )
    for kind, free, least in (
        ("memory", found.free_memory, _LEAST_MEMORY),
        ("disk space", found.free_disk, _LEAST_DISK),
    ):
        if free < least:
            return mark(
                f"it has {free / 10**9:.1f} GB of free {kind}, and a trial needs "
                f"{least / 10**9:.0f} GB. Free some, or stop Ray on it."
            )
    return ""


def _minor(python: str) -> str:
    return ".".join(python.split(".")[:2])


def _release(of: Facts, name: str) -> str:
    """Version without the build, such as +cu126."""
    return of.versions[name].partition("+")[0]


def _pinned(names: Sequence[str], here: Facts) -> str:
    return " ".join(f"{name}=={_release(here, name)}" for name in names if name in here.versions)
