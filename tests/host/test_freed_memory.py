"""Memory that a process keeps for its next step."""

import json
import platform
import subprocess
import sys

import pytest

_STEPS = """
import json
import resource
import sys

import numpy as np
import psutil

from automl.host import freed_memory

if sys.argv[1] == "keep":
    freed_memory.keep()
faults = []
for _ in range(3):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for megabytes in (64, 16, 100):
        np.ones(megabytes << 17)
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
kept = psutil.Process().memory_info().rss
freed_memory.give_back()
print(json.dumps([faults[-1], (kept - psutil.Process().memory_info().rss) >> 20]))
"""


def last_step(how: str) -> tuple[int, int]:
    """Page faults of a step that was taken before, and the MiB that are given back after it."""
    command = [sys.executable, "-c", _STEPS, how]
    faults, given_back = json.loads(subprocess.check_output(command))
    return faults, given_back


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc alone returns memory so soon")
def test_a_step_uses_the_memory_of_the_step_before() -> None:
    faults, given_back = last_step("keep")
    assert faults < 0.1 * last_step("return")[0]
    assert given_back > 90, "the largest of the blocks is still kept"
