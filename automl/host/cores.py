"""Number of processor cores that this process may use.

`joblib.cpu_count` is close to it, but takes 0.4 s to import, rounds a quota of 1.5 cores up, and
reads only the cgroup that a container sees as its root, not one that systemd or a scheduler set
further down.
"""

import contextlib
import math
import os
from pathlib import Path

PATIENT = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"}
"""Environment of a process with torch: a thread that spins at a barrier takes the core from another
process, and on a busy machine from the very thread that it waits for."""

_CGROUPS = Path("/sys/fs/cgroup")


def usable_cores() -> int:
    """The cores by affinity and by the quota of the cgroups; at least 1.

    `os.cpu_count()` is the number of the machine. Training with more threads than cores that may
    be used is ten times slower.
    """
    quotas = [quota for quota in (_quota_v1(_CGROUPS), *map(_quota_v2, cgroup_folders())) if quota]
    return max(1, math.floor(min([_cores_by_affinity(), *quotas])))


def seconds_waited() -> float:
    """Seconds for which the threads of this process have waited for a core, all of them together.

    0 where the system does not tell; only Linux does.
    """
    total = 0
    for file in Path("/proc/self/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):  # the thread has ended
            total += int(file.read_text().split()[1])
    return total / 1e9


def limit_matrix_threads(num_threads: int) -> None:
    """Let the matrix products of NumPy and SciPy use so many threads from now on."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(num_threads, user_api="blas")


def cgroup_folders() -> list[Path]:
    """The cgroup v2 of this process and its parents; each of them may have limits."""
    membership = Path("/proc/self/cgroup")
    if not membership.is_file():
        return []
    path = membership.read_text().strip().rpartition(":")[2].lstrip("/")
    own = _CGROUPS / path
    return [own, *(parent for parent in own.parents if parent.is_relative_to(_CGROUPS))]


def _cores_by_affinity() -> int:
    if hasattr(os, "sched_getaffinity"):  # macOS has no affinity
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quota_v2(folder: Path) -> float | None:
    """Cores that a cgroup v2 may use; None without a limit."""
    limit = folder / "cpu.max"
    if not limit.is_file():
        return None
    quota, period = limit.read_text().split()
    return None if quota == "max" else int(quota) / int(period)


def _quota_v1(root: Path) -> float | None:
    """Cores that the cgroup v1 of a container may use; None without a limit."""
    quota, period = root / "cpu" / "cpu.cfs_quota_us", root / "cpu" / "cpu.cfs_period_us"
    if not (quota.is_file() and period.is_file()):
        return None
    microseconds = int(quota.read_text())
    return microseconds / int(period.read_text()) if microseconds > 0 else None
