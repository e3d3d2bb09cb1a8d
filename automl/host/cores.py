"""How many processor cores this process may use."""

import math
import os
from pathlib import Path


def usable_cores() -> int:
    """Cores by affinity and, in a container, by the cgroup's quota; at least 1.

    `os.cpu_count()` tells what the machine has; training with more threads than one may use
    runs ten times slower.
    """
    return max(1, min(len(os.sched_getaffinity(0)), _cgroup_cores()))


def _cgroup_cores() -> int:
    """Whole cores of the tightest cgroup v2 quota above this process."""
    quotas = [os.cpu_count() or 1]
    for folder in cgroup_folders():
        limit = folder / "cpu.max"
        if limit.is_file():
            quota, period = limit.read_text().split()
            if quota != "max":
                quotas.append(math.floor(int(quota) / int(period)))
    return min(quotas)


def cgroup_folders() -> list[Path]:
    """The cgroup v2 of this process and those above it, which may each bound what it gets."""
    root = Path("/sys/fs/cgroup")
    membership = Path("/proc/self/cgroup")
    if not membership.is_file():
        return []
    path = membership.read_text().strip().rpartition(":")[2].lstrip("/")
    own = root / path
    return [own, *(parent for parent in own.parents if parent.is_relative_to(root))]
