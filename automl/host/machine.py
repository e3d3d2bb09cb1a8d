"""What this machine has for the experiments, told without torch and Ray."""

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
    """Of memory or of a disk, in bytes."""

    total: int
    free: int


def memory() -> Room:
    """What the processes may use; in a container that may be less than the machine has."""
    here = psutil.virtual_memory()
    return within(cgroup_folders(), Room(here.total, here.available))


def within(groups: Iterable[Path], room: Room) -> Room:
    """What is left of the memory to who is in these cgroups."""
    rooms = [room]
    for folder in groups:
        limit = folder / "memory.max"
        if limit.is_file() and (most := limit.read_text().strip()) != "max":
            used = int((folder / "memory.current").read_text())
            rooms.append(Room(int(most), int(most) - used))
    return Room(min(room.total for room in rooms), min(room.free for room in rooms))


def disk() -> Room:
    """Where our home lies."""
    found = shutil.disk_usage(home.home_dir())
    return Room(found.total, found.free)


def num_gpus() -> int:
    """NVIDIA's, as far as this process can see their devices."""
    return len(list(Path("/dev").glob("nvidia[0-9]*")))


def gpus() -> list[str]:
    """Name and memory of each GPU; only that it is there where its driver does not say more."""
    command = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_GPU_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ["a GPU of unknown name"] * num_gpus()
    return done.stdout.splitlines()


def head_is_running() -> bool:
    """Whether Ray, which runs the trials, is up."""
    return process_lock.is_held(home.head_lock_path())


def num_weights() -> int | None:
    """How many models the folder of pretrained weights has; None where there is no such folder."""
    folder = home.weights_dir()
    if folder is None or not folder.is_dir():
        return None
    return sum(1 for _ in folder.glob("*/model.safetensors"))


def versions() -> dict[str, str]:
    """Of Python and the libraries the results depend on."""
    named = {library: importlib.metadata.version(library) for library in _LIBRARIES}
    return {"Python": platform.python_version(), **named}
