"""Time, memory and disk that a job will take on this machine, before it is started."""

import subprocess
import sys
from collections.abc import Generator

from automl.errors import UserError
from automl.frozen_model import FrozenModel
from automl.jobs.job import Job
from automl.jobs.side_process import SideProcess

_TIMEOUT_SECONDS = 300
_LOOK_SECONDS = 0.3


class MeasuredTrial(FrozenModel):
    """One kind of trial, measured on a few generated pictures."""

    model_name: str
    side: int
    """Side of the training pictures in pixels."""

    seconds_per_epoch: float
    """Seconds for all training pictures of the job, evaluation included."""


class Estimate(FrozenModel):
    """Time, memory and disk of a whole search."""

    num_trials: int
    max_concurrent_trials: int
    seconds: float
    """Upper limit: every trial runs to its last epoch. Early stopping and policies shorten it."""

    memory_bytes: int
    """Memory of all trials that run at the same time: of the GPU, or else of the machine."""

    device: str
    disk_bytes: int
    """Disk for the decoded pictures and the best checkpoint of every trial."""

    measured: list[MeasuredTrial]
    notes: list[str] = []
    plan: list[str] = []
    """AutoMode's plan for the time limit in sentences; empty for other searches."""


def measure(job: Job) -> Estimate:
    """Train a few steps of each kind of trial in a process of its own, which imports torch.

    Raises:
        UserError: the job or its data cannot be used, or the measurement took too long.
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
        raise UserError(
            f"Training one step of each trial took more than {_TIMEOUT_SECONDS} s. "
            "Choose smaller models or pictures."
        ) from None
    if done.returncode:
        raise UserError(done.stderr.strip().splitlines()[-1] if done.stderr else "No estimate.")
    return Estimate.model_validate_json(done.stdout.splitlines()[-1])


def measure_speed(job: Job) -> Generator[tuple[int, int]]:
    """Measure AutoMode's networks in a process of its own, for the cache that its plan reads.

    Closing the iterator ends the process.

    Yields:
        Several times a second the number of measured networks and that of all; 0, 0 at first.

    Raises:
        UserError: the job or its data cannot be used.
    """
    with SideProcess("automl.engine.preview", job) as process:
        while process.is_running(wait_seconds=_LOOK_SECONDS):
            yield process.count()
        process.result()
