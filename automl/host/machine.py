"""Memory, disk, GPUs and library versions of this machine, without importing torch or Ray."""

import importlib.metadata
import platform
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from automl.host import home, process_lock
from automl.host.cores import cgroup_folders

_LIBRARIES = ("torch", "torchvision", "timm", "ray", "optuna", "onnxruntime", "streamlit")
_GPU_SECONDS = 10


@dataclass(frozen=True)
class Room:
    """Bytes of memory or of a disk."""

    total: int
    free: int


def memory() -> Room:
    """Memory that the processes may use; in a container it may be less than the machine has."""
    whole = psutil.virtual_memory()
    return within(cgroup_folders(), Room(whole.total, whole.available))


def within(groups: Iterable[Path], room: Room) -> Room:
    """Memory still available within these cgroups.

    Args:
        groups: folders of cgroups v2.
        room: the memory of the machine.
    """
    rooms = [room]
    for folder in groups:
        limit = folder / "memory.max"
        if limit.is_file() and (maximum := limit.read_text().strip()) != "max":
            used = int((folder / "memory.current").read_text())
            rooms.append(Room(int(maximum), int(maximum) - used))
    return Room(min(room.total for room in rooms), min(room.free for room in rooms))


def disk() -> Room:
    """The disk that holds our home."""
    usage = shutil.disk_usage(home.home_dir())
    return Room(usage.total, usage.free)


def num_gpus() -> int:
    """Number of NVIDIA GPUs whose device files this process can see."""
    return len(list(Path("/dev").glob("nvidia[0-9]*")))


def gpus() -> list[str]:
    """Name and memory of each GPU; without a working driver, that its name is unknown."""
    command = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_GPU_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ["a GPU of unknown name"] * num_gpus()
    return done.stdout.splitlines()


def head_is_running() -> bool:
    """True if the local Ray head, which runs the trials, is running."""
    return process_lock.is_held(home.head_lock_path())


def num_weights() -> int | None:
    """Number of models in the folder of pretrained weights; None without such a folder."""
    folder = home.weights_dir()
    if not folder.is_dir():
        return None
    return sum(1 for _ in folder.glob("*/model.safetensors"))


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that the results depend on."""
    named = {library: importlib.metadata.version(library) for library in _LIBRARIES}
    return {"Python": platform.python_version(), **named}
