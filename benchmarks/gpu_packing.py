"""The measurements of `benchmarks.gpu` that need several processes on one GPU."""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch

from automl.engine import failures
from automl.training.trial_training import Placement, TrialTraining
from benchmarks import gpu_parts
from benchmarks.gpu_parts import Scale

_AT_ONCE = 4
_SMALL_TRIAL = Scale(side=96, batch_size=32, num_pictures=2048, num_rounds=1)
_START_SECONDS = 90.0


def four_at_once(folder: Path) -> dict[str, Any]:
    """Four small trials with a quarter of a GPU's memory each, against one after the other.

    Args:
        folder: the processes meet here.
    """
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(_AT_ONCE, spawn) as pool:
        tasks = [pool.submit(_epoch_of_a_trial, folder, index) for index in range(_AT_ONCE)]
        spans = [task.result() for task in tasks]
    together = max(end for _, end in spans) - min(start for start, _ in spans)
    training = _small_trial()
    alone = _AT_ONCE * gpu_parts.seconds(training.advance)
    return {
        "packing_gain": round(alone / together, 2),
        "packing_seconds_at_once": round(together, 2),
        "packing_seconds_one_by_one": round(alone, 2),
    }


def _small_trial() -> TrialTraining:
    """A trial that has trained its first epoch."""
    placement = Placement(torch.device("cuda"), 1)
    training = gpu_parts.trial("resnet18", _SMALL_TRIAL, placement, number_of_epochs=3)
    training.advance()
    return training


def _epoch_of_a_trial(folder: Path, index: int) -> tuple[float, float]:
    """Start and end of an epoch that begins when all processes are ready."""
    torch.cuda.set_per_process_memory_fraction(1 / _AT_ONCE)
    training = _small_trial()
    (folder / f"ready-{index}").touch()
    until = time.monotonic() + _START_SECONDS
    while len(list(folder.glob("ready-*"))) < _AT_ONCE:
        if time.monotonic() > until:
            raise TimeoutError(f"not all of {_AT_ONCE} processes have started")
        time.sleep(0.01)
    started = time.time()  # of all processes on one clock
    training.advance()
    torch.cuda.synchronize()
    return started, time.time()


def device_error() -> dict[str, Any]:
    """Whether a real error of the device is told from other errors; its process is lost by it."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return {"device_error_is_known": int(pool.submit(_fail_on_the_device).result())}


def _fail_on_the_device() -> bool:
    logits = torch.zeros(1, 2, device="cuda")
    try:
        torch.nn.functional.cross_entropy(logits, torch.tensor([7], device="cuda"))
        torch.cuda.synchronize()
    except RuntimeError as error:
        return failures.is_gpu_failed(error)
    return False
