"""What an experiment produced, as it is stored: the experiment, its trials, their evaluations."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from automl.frozen_model import FrozenModel

FORMAT_VERSION = 3
"""Of an experiment directory. Older ones are read.

2: a trial's state, time between engines. 3: the scores on the way to the best.
"""


LEAST_PROGRESS = 0.02
"""With less of the search done, the time left cannot be estimated."""


def now() -> datetime:
    """The current time, always in UTC."""
    return datetime.now(UTC)


class TrialState(StrEnum):
    """Where a trial stands; `stopped`: by a policy, the exit score, the clock or the user."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def is_finished(self) -> bool:
        return self not in (TrialState.PENDING, TrialState.RUNNING)


class ExperimentState(StrEnum):
    """Where an experiment stands; `interrupted` is never stored, readers infer it from the lock."""

    QUEUED = "queued"
    PREPARING = "preparing"
    RUNNING = "running"
    STOPPING = "stopping"
    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def is_finished(self) -> bool:
        return self in (
            ExperimentState.COMPLETED,
            ExperimentState.STOPPED,
            ExperimentState.FAILED,
            ExperimentState.INTERRUPTED,
        )


def _seconds(start: datetime | None, end: datetime | None, paused: float) -> float | None:
    """Never negative, whatever was done to the clock in between."""
    if start is None:
        return None
    return max(0.0, ((end or now()) - start).total_seconds() - paused)


class Evaluation(FrozenModel):
    """One scoring of a trial on the validation data, with the training that led to it."""

    epoch: int = Field(ge=0)
    """Epochs trained so far."""

    metrics: dict[str, float]
    """Validation metrics by name (see `automl.evaluation.metrics`)."""

    train_loss: float
    """Mean training loss since the previous evaluation."""

    valid_loss: float
    """Mean cross-entropy on the validation data."""

    learning_rate: float
    """Highest learning rate of the optimizer's groups at the end of the epoch."""

    train_seconds: float
    """Seconds of training since the previous evaluation."""

    evaluation_seconds: float
    """Seconds spent on the validation data."""

    images_per_second: float
    """Training images per second since the previous evaluation."""

    peak_memory_bytes: int = 0
    """Most memory since the previous evaluation: of the GPU, or of the worker without one."""

    finished_at: datetime
    """When the evaluation ended, UTC."""


class Flag(StrEnum):
    """What is worth knowing of a trial at a glance; its notes say more."""

    RECOVERED = "recovered"
    """The memory was full, and batches were computed in parts."""

    RESTARTED = "restarted"
    """The loss was no number any more, and training went on at a tenth of the rate."""

    RESUMED = "resumed"
    """Its worker died, and another went on from the last evaluation."""

    COLLAPSED = "collapsed"
    """Its best model gives every picture the same class."""


class TrialError(FrozenModel):
    """Why a trial failed."""

    cause: str
    """One sentence for the user."""

    next_step: str = ""
    """What to do about it."""

    traceback: str
    """Everything the worker said, for whoever can read it."""


class TrialRecord(FrozenModel):
    """One trial; replaced whole after every event."""

    format_version: int = FORMAT_VERSION
    trial_id: str
    number: int
    """Position in the order of sampling, from 0."""

    state: TrialState = TrialState.PENDING
    reason: str = ""
    """Why it was stopped, failed or ended early; empty when it simply ran to its end."""

    was_cut_short: bool = False
    """It ended with the whole experiment; a resumed experiment runs it again."""

    hyperparameters: dict[str, Any]
    """What was asked for: the sampled values over the job's `training_parameters`."""

    proposal: dict[str, Any] | None = None
    """What a sampler that learns proposed, in its own terms; told to it again on resume."""

    effective: dict[str, Any] = Field(default_factory=dict)
    """What is in effect, read back from the live model, optimizer and device."""

    notes: list[str] = Field(default_factory=list)
    """Sentences to show beside the score, such as where the weights came from."""

    flags: list[Flag] = Field(default_factory=list)

    evaluations: list[Evaluation] = Field(default_factory=list)
    best_epoch: int | None = None
    """Epoch of the best evaluation, whose predictions and checkpoint are kept."""

    score_low: float | None = None
    score_high: float | None = None
    """95 % interval of the best evaluation's primary metric, over validation pictures."""

    started_at: datetime | None = None
    ended_at: datetime | None = None
    paused_seconds: float = 0.0
    """While no engine ran; not counted as the trial's time."""

    error: TrialError | None = None

    @property
    def method(self) -> str:
        """How the model is made; everything but fine_tuning is the floor of the search."""
        return str(self.hyperparameters.get("method", "fine_tuning"))

    @property
    def title(self) -> str:
        """The model's name, with how it was made where it was not trained."""
        if self.method == "fine_tuning":
            return self.model_name
        return f"{self.model_name}, {self.method.replace('_', ' ')}"

    @property
    def model_name(self) -> str:
        return str(self.hyperparameters["model_name"])

    @property
    def seconds(self) -> float | None:
        """Time so far of a trial that has started."""
        return _seconds(self.started_at, self.ended_at, self.paused_seconds)

    def best_evaluation(self) -> Evaluation | None:
        """The evaluation that counts for the ranking."""
        # from the end, where it usually is: this is asked for every trial there is
        return next((e for e in reversed(self.evaluations) if e.epoch == self.best_epoch), None)

    def score(self, primary_metric: str) -> float | None:
        """Primary metric of the best evaluation; None before the first one."""
        best = self.best_evaluation()
        return best.metrics[primary_metric] if best else None


class ExperimentRecord(FrozenModel):
    """State of an experiment; replaced whole by the engine."""

    format_version: int = FORMAT_VERSION
    experiment_id: str
    state: ExperimentState = ExperimentState.QUEUED
    message: str = ""
    """What is being done, or why it ended, in one sentence."""

    progress: float = Field(default=0.0, ge=0, le=1)
    """Share of the current preparation step or of the search that is done."""

    notes: list[str] = Field(default_factory=list)
    """What was changed or ignored, such as a concurrency lowered to the cores there are."""

    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    paused_seconds: float = 0.0
    """Between the engines of an experiment that was resumed; not counted as its time."""

    deadline: datetime | None = None
    """When the time limit ends the search."""

    owner: str = ""
    num_trials: int = 0
    """Trials planned; 0 while this is not known yet."""

    max_concurrent_trials: int = 1
    threads_per_trial: int = 1
    devices: list[str] = Field(default_factory=list)
    """Devices in use, such as `cpu (2 cores)` or the name of each GPU."""

    best_trial: str | None = None
    best_score: float | None = None
    improvements: list[float] = Field(default_factory=list)
    """The best score each time it rose; `best_score` is the last."""

    test_score: float | None = None
    failure: Literal["data", "job", "engine", ""] = ""
    """Whose fault a failed experiment is: the data's, the job's or our own."""

    details: str = ""
    """Traceback of an engine that failed."""

    @property
    def seconds(self) -> float | None:
        """Time so far."""
        return _seconds(self.started_at, self.ended_at, self.paused_seconds)

    @property
    def seconds_left(self) -> float | None:
        """Of a search, at the speed so far and never past the limit; None while nobody knows."""
        if self.state is not ExperimentState.RUNNING or not LEAST_PROGRESS <= self.progress < 1:
            return None
        if (seconds := self.seconds) is None:
            return None
        left = seconds * (1 - self.progress) / self.progress
        until_deadline = (self.deadline - now()).total_seconds() if self.deadline else left
        return max(0.0, min(left, until_deadline))


class TestOpening(FrozenModel):
    """What came of opening the test data: once, for one trial."""

    __test__ = False  # its name makes pytest look for tests in it

    format_version: int = FORMAT_VERSION
    trial_id: str
    opened_at: datetime
    opened_by: str
    num_pictures: int
    num_unreadable: int
    """Test pictures that could not be read any more, and are not counted."""

    metrics: dict[str, float]
    """By name, as of an evaluation (see `automl.evaluation.metrics`)."""

    score_low: float
    score_high: float
    """95 % interval of the primary metric, over the test pictures."""
