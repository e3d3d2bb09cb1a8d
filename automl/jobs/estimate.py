"""What a job will take on this machine, before it is started."""

import subprocess
import sys

from automl.frozen_model import FrozenModel
from automl.jobs.job import Job

_TIMEOUT_SECONDS = 300


class MeasuredTrial(FrozenModel):
    """One kind of trial, measured on a few made-up pictures."""

    model_name: str
    side: int
    """Training pictures in pixels."""

    seconds_per_epoch: float
    """With all of the job's pictures, scoring included."""


class Estimate(FrozenModel):
    """Time, memory and disk of a whole search."""

    num_trials: int
    max_concurrent_trials: int
    seconds: float
    """When every trial runs to its last epoch; early stopping and policies make it less."""

    memory_bytes: int
    """All trials that run at the same time; on a GPU its memory, else the machine's."""

    device: str
    disk_bytes: int
    """Decoded pictures and the best checkpoint of every trial."""

    measured: list[MeasuredTrial]
    notes: list[str] = []


def measure(job: Job) -> Estimate:
    """Train a few steps of each kind of trial, in a process of its own: torch is not imported.

    Raises:
        ValueError: the job or its data cannot be used, or the measurement took too long.
    """
    command = [sys.executable, "-P", "-m", "automl.engine.estimate"]
    try:
        done = subprocess.run(
            command,
            input=job.to_yaml(),
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ValueError(
            f"One step of the trials was not done in {_TIMEOUT_SECONDS} s. "
            "Choose smaller models or pictures."
        ) from None
    if done.returncode:
        raise ValueError(done.stderr.strip().splitlines()[-1] if done.stderr else "No estimate.")
    return Estimate.model_validate_json(done.stdout.splitlines()[-1])
