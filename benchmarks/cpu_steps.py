"""Training steps on a CPU against those of torch as it comes: `python -m benchmarks.cpu_steps`.

Plain steps compute depthwise convolutions in the type of all others and give back what they free.
Both run in processes of their own, in turn; the least processor time of a step is kept of each.
"""

import resource
import subprocess
import sys
import time

import numpy as np
import torch

from automl.host import freed_memory
from automl.jobs.compatibility import resolve
from automl.training import learner
from automl.training.steps import Steps
from benchmarks.figures import Figures

_NETWORKS = ("efficientnet_lite0", "mobilenetv1_100", "mobilenetv2", "resnet18")
_SIDES = (96, 224)
_HOWS = ("plain", "now")
_TURNS = 3
_BATCH_SIZE = 32
_SECONDS = 5.0


def main() -> None:
    measured = Figures()
    print("| network | px | plain, CPU ms a picture | now | times | plain, peak GB | now |")
    print("|---|---|---|---|---|---|---|")
    for name in _NETWORKS:
        for side in _SIDES:
            runs = [[_run(how, name, side) for how in _HOWS] for _ in range(_TURNS)]
            (plain, plain_peak), (now, peak) = np.min(runs, axis=0)
            print(
                f"| {name} | {side} | {plain:.1f} | {now:.1f} | {plain / now:.2f} | "
                f"{plain_peak:.1f} | {peak:.1f} |",
                flush=True,
            )
            measured.add(f"{name}_{side}_times", plain / now, at_least=0.95)
    measured.print_last_line()


def _run(how: str, name: str, side: int) -> tuple[float, float]:
    command = [sys.executable, "-m", "benchmarks.cpu_steps", how, name, str(side)]
    milliseconds, gigabytes = subprocess.check_output(command, text=True).split()
    return float(milliseconds), float(gigabytes)


def _measure(how: str, name: str, side: int) -> None:
    """Print the least CPU milliseconds of a step for each of its pictures, and the peak in GB."""
    if how == "plain":
        learner.autocast = lambda device, dtype: torch.autocast(  # type: ignore[assignment]
            device.type, dtype, enabled=dtype is not None
        )
    else:
        freed_memory.keep()
    asked = {"model_name": name, "training_crop_size": side, "layer_decay": 0.9}
    hyperparameters = resolve({**asked, "pretrained": "never"})
    steps = Steps(hyperparameters, 10, torch.device("cpu"), num_pictures=_BATCH_SIZE)
    pixels = steps.pixels(_BATCH_SIZE, side)
    steps.train(pixels)
    least, end = float("inf"), time.perf_counter() + _SECONDS
    while time.perf_counter() < end:
        started = time.process_time()
        steps.train(pixels)
        least = min(least, time.process_time() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(1000 * least / _BATCH_SIZE, peak / 1e6)


if __name__ == "__main__":
    if sys.argv[1:]:
        _measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        main()
