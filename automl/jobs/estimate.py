"""Time, memory and disk that a job will take on this machine, before it is started."""

from automl.errors import UserError
from automl.frozen_model import FrozenModel
from automl.jobs.job import Job
from automl.jobs.side_process import SideProcess

MODULE = "automl.engine.estimate"
"""Module that prints the estimate."""

LIMIT_SECONDS = 30
"""Time after which the estimate is what is known by then."""


class MeasuredTrial(FrozenModel):
    """One network, measured on a few generated pictures."""

    model_name: str
    side: int
    """Side in pixels of the largest training pictures that the job has for it."""

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
    """Train a few steps of each network in a process of its own, which imports torch.

    Raises:
        UserError: the job or its data cannot be used, or no network was measured in the time.
    """
    with SideProcess(MODULE, job) as process:
        is_late = process.is_running(wait_seconds=LIMIT_SECONDS)
        answer = process.answer() if is_late else process.result()
    if not answer:
        raise UserError(
            f"No network took a training step within {LIMIT_SECONDS} s. Choose smaller models or "
            "pictures, or try again when the machine is less busy."
        )
    return Estimate.model_validate_json(answer)
