"""Measure what a trial costs: the latency of its model and its peak memory."""

import contextlib
import resource
import statistics
import sys
import time
from pathlib import Path

import torch
from torch import nn

_NUM_RUNS = 7
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def latency_ms(network: nn.Module, size: int) -> float:
    """Median milliseconds of a forward pass of one picture, copies from and to the CPU included.

    Args:
        network: measured in evaluation mode on its device; its mode is restored afterwards.
        size: side of the picture in pixels.
    """
    device = next(network.parameters()).device
    was_training = network.training
    network.eval()
    seconds = []
    with torch.inference_mode():
        for _ in range(_NUM_RUNS + 1):
            started = time.perf_counter()
            network(torch.zeros(1, 3, size, size, device=device)).cpu()  # waits for a GPU
            seconds.append(time.perf_counter() - started)
    network.train(was_training)
    return statistics.median(seconds[1:]) * 1000  # the first run allocates memory


def reset_peak_memory(device: torch.device) -> None:
    """Start a new measurement, if the system allows it; else the peak is that of the process."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    else:
        with contextlib.suppress(OSError):
            _CLEAR.write_text("5")


def peak_memory_bytes(device: torch.device) -> int:
    """Peak memory since the reset: of the GPU if it is one, else of this process."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    if _STATUS.is_file():
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
