"""Stored records: the experiment, its trials and their evaluations."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from automl import texts
from automl.evaluation.metrics import MULTILABEL, Task
from automl.frozen_model import FrozenModel
from automl.jobs.hyperparameters import has_stages, is_mirrored, networks_of
from automl.jobs.tasks import TASKS
from automl.texts import _, again, mark

FORMAT_VERSION = 4
"""Format of the experiment directory; older formats can be read.

2 added a trial's state and the paused time, 3 the improvements of the best score, 4 the evidence
and the members of a trial, the expected score and the plan.
"""


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


class TrialState(StrEnum):
    """State of a trial; `stopped`: by a policy, the exit score, the time limit or the user."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def is_finished(self) -> bool:
        return self not in (TrialState.PENDING, TrialState.RUNNING)


class ExperimentState(StrEnum):
    """State of an experiment; `interrupted` is never stored, readers infer it from the lock."""

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
    """Duration without the pauses; at least 0, even if the clock was set back."""
    if start is None:
        return None
    return max(0.0, ((end or now()) - start).total_seconds() - paused)


class Evaluation(FrozenModel):
    """Scores of a trial on the validation data, and figures of the training since the last ones."""

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
    """Peak memory since the previous evaluation: of the GPU, or of the worker on a CPU."""

    finished_at: datetime
    """When the evaluation ended, UTC."""


class Flag(StrEnum):
    """Mark beside a trial in a list; its notes explain it."""

    RECOVERED = "recovered"
    """The memory was full, so each batch was computed in parts."""

    RESTARTED = "restarted"
    """The loss became NaN or infinite; training restarted at a tenth of the learning rate."""

    RESUMED = "resumed"
    """Its worker died, and another one resumed from the last evaluation."""

    COLLAPSED = "collapsed"
    """Its best model predicts the same class for every picture."""


class Evidence(FrozenModel):
    """The pictures that a trial is scored on; no answer comes from a model that has seen it."""

    num_pictures: int
    num_folds: int = 0
    """Number of folds of all pictures that are not test pictures; 0: the validation pictures."""

    num_out_of_fold: int = 0
    """Number of training pictures that a model on frozen features has answered for out of fold,
    where the data name the validation pictures; the order of the trials rests on them, too."""

    further_folds: int = 0
    """Parts of the training pictures that models trained like this one, but without them, have
    answered for, too."""

    @property
    def trained_share(self) -> float:
        """Pictures that the scored models were fitted to, as a share of the kept model's."""
        return 1 - 1 / self.num_folds if self.num_folds else 1.0

    @property
    def sentence(self) -> str:
        """Said beside a score."""
        pictures = texts.integer(self.num_pictures)
        folds = self.num_folds or (self.further_folds and 1 + self.further_folds)
        if not folds:
            return _("on {pictures} validation pictures").format(pictures=pictures)
        return _(
            "on {pictures} training and validation pictures, each predicted by a model that has "
            "not seen it ({folds} folds)"
        ).format(pictures=pictures, folds=folds)


class TrialError(FrozenModel):
    """Cause of a trial's failure."""

    cause: str
    """One sentence for the user."""

    next_step: str = ""
    """Advice for the user."""

    traceback: str
    """The traceback of the worker, for developers."""


SOUP = "soup"
"""Id of the trial whose model has the mean of the weights of others."""


class Member(FrozenModel):
    """A trial whose probabilities an ensemble averages, or whose weights a soup averages."""

    trial_id: str
    title: str
    weight: float
    """The weights of all members sum to 1."""


class TrialRecord(FrozenModel):
    """One trial; its file is replaced after every event."""

    format_version: int = FORMAT_VERSION
    trial_id: str
    number: int
    """Position in the order of sampling, from 0."""

    task: Task | None = None
    """Task of the job; None in records of earlier versions."""

    state: TrialState = TrialState.PENDING
    reason: str = ""
    """Why it was stopped, failed or ended early; empty if it ran to its end."""

    was_cut_short: bool = False
    """It ended with the whole experiment; a resumed experiment runs it again."""

    hyperparameters: dict[str, Any]
    """Requested values: the job's `training_parameters`, updated with the sampled values."""

    proposal: dict[str, Any] | None = None
    """Proposal of an adaptive sampler, in its own format; the sampler gets it again on resume."""

    effective: dict[str, Any] = Field(default_factory=dict)
    """Values in effect, read from the live model, optimizer and device."""

    notes: list[str] = Field(default_factory=list)
    """Sentences to show beside the score, for example the origin of the weights."""

    flags: list[Flag] = Field(default_factory=list)

    evaluations: list[Evaluation] = Field(default_factory=list)
    best_epoch: int | None = None
    """Epoch of the best evaluation, whose predictions and checkpoint are kept."""

    evidence: Evidence | None = None
    """The pictures of the scores; None: the validation pictures, or nothing is known yet."""

    scored: Evaluation | None = None
    """The best evaluation with the scores of all its answers, where further folds were added to
    those for the validation pictures; its curve is that of the validation pictures alone."""

    score_low: float | None = None
    score_high: float | None = None
    """95 % interval of the best evaluation's primary metric, over the pictures of the evidence."""

    own_scores: dict[str, float] = Field(default_factory=dict)
    """By metric, scores with thresholds of the model's own, chosen on other pictures; they rank the
    trials. Empty where the model is handed out without any (see `own_thresholds`)."""

    comparable_scores: dict[str, float] = Field(default_factory=dict)
    """By metric, scores as if all trials had answered for the same pictures; they rank the trials.
    Empty if they have."""

    cost_rank: int = 0
    """Place among the trials that are as good as the best one, the fastest first."""

    members: list[Member] = Field(default_factory=list)
    """Members of an ensemble, the heaviest first, or of a soup; empty for all other trials."""

    may_be_best: bool = True
    """False for an ensemble, a soup, or a probe that contains others, whose lead may be chance."""

    refitted_on: int | None = None
    """Training and validation pictures that the model which is handed out was fitted to again after
    the search; the scores are those of the model before. None: it is the model that was scored."""

    started_at: datetime | None = None
    ended_at: datetime | None = None
    paused_seconds: float = 0.0
    """Time while no engine ran; not part of the trial's time."""

    error: TrialError | None = None

    @property
    def scored_on(self) -> str:
        """The pictures of its scores, to be said beside them."""
        return self.evidence.sentence if self.evidence else _("on the validation pictures")

    @property
    def fitted_to(self) -> str:
        """Pictures its model was fitted to, if its scores come from models of fewer pictures."""
        evidence = self.evidence or Evidence(num_pictures=0)
        has_folds = evidence.further_folds > 0 and not self.members
        if has_folds and not self.refitted_on:
            return _(
                "The model itself answered for the validation pictures; models that were trained "
                "like it without the other pictures answered for those."
            )
        if self.members and self.refitted_on:
            said = _(
                "Its members were fitted again to all {pictures} training and validation "
                "pictures; the score is that of the model before, which had not seen the "
                "validation pictures."
            )
        elif self.refitted_on and not has_folds:
            said = _(
                "The model was fitted again to all {pictures} training and validation "
                "pictures; the score is that of the model before, which had not seen the "
                "validation pictures."
            )
        elif has_folds or evidence.num_folds:
            said = _(
                "The model was fitted to all {pictures} training and validation pictures; the "
                "score is that of models which had not seen the pictures that they were scored on."
            )
        else:
            return ""
        num_pictures = self.refitted_on or self.effective.get("num_train_images", 0)
        return said.format(pictures=texts.integer(num_pictures))

    @property
    def method(self) -> str:
        """Training method; `fine_tuning`, a baseline of the search, `ensemble` or `soup`."""
        if self.members:
            return SOUP if self.trial_id == SOUP else "ensemble"
        return str(self.hyperparameters.get("method", "fine_tuning"))

    @property
    def title(self) -> str:
        """The model's name, followed by the method of a baseline; an ensemble's members."""
        if self.members:
            return f"{self.method}: {' + '.join(member.title for member in self.members)}"
        if self.method == "fine_tuning":
            return self.model_name
        if self.method == "majority_class":  # whatever network it has, it does not ask it
            return _(TASKS[self.task or self._task_of_metrics()].floor)
        mirrored = ", mirrored" if is_mirrored(self.hyperparameters) else ""
        stages = ", all stages" if has_stages(self.hyperparameters) else ""
        names = " + ".join(networks_of(self.hyperparameters))
        return f"{names}, {self.method.replace('_', ' ')}{stages}{mirrored}"

    def _task_of_metrics(self) -> Task:
        known = self.evaluations[0].metrics if self.evaluations else {}
        return MULTILABEL if "hamming_loss" in known else "image_classification"

    @property
    def is_kept(self) -> bool:
        """True if a resumed search leaves the trial as it is.

        A trial that was running when its engine died or was stopped goes on from its last
        evaluation.
        """
        return self.state.is_finished and not self.was_cut_short

    @property
    def model_name(self) -> str:
        return str(self.hyperparameters["model_name"])

    @property
    def seconds(self) -> float | None:
        """Time so far of a trial that has started."""
        return _seconds(self.started_at, self.ended_at, self.paused_seconds)

    def best_evaluation(self) -> Evaluation | None:
        """Evaluation that determines the rank, by all answers of the evidence."""
        return self.scored or self.validated()

    def validated(self) -> Evaluation | None:
        """Evaluation of the epoch that is kept, as it was when it was trained."""
        # from the end, where it usually is: the pages call this for every trial
        return next((e for e in reversed(self.evaluations) if e.epoch == self.best_epoch), None)

    def score(self, primary_metric: str) -> float | None:
        """Primary metric of the best evaluation; None before the first one."""
        best = self.best_evaluation()
        return best.metrics[primary_metric] if best else None

    def ranking_score(self, primary_metric: str) -> float | None:
        """Score that ranks the trial among others, which may have answered for other pictures."""
        known = {**self.own_scores, **self.comparable_scores}
        return known.get(primary_metric, self.score(primary_metric))


def singles(trial: TrialRecord, load: Callable[[str], TrialRecord]) -> list[TrialRecord]:
    """The trials that one is made of, those of a soup in an ensemble among them; itself if it is
    made of no others.

    load: returns the trial with an id.
    """
    if not trial.members:
        return [trial]
    members = [load(member.trial_id) for member in trial.members]
    return [single for member in members for single in singles(member, load)]


class Continuation(FrozenModel):
    """A search that went on after its end, with something to try that was not planned before."""

    at: datetime
    by: str
    first_number: int
    """Number of its first trial."""

    changes: list[str]
    """Clauses that say what was asked for."""

    trained_on: dict[str, Any] | None = None
    """Hyperparameters of a trial that starts from the model of another one."""

    @property
    def sentence(self) -> str:
        """When the search went on, from which trial, and with what."""
        return _("The search went on at {time} UTC from trial {number}: {changes}.").format(
            time=f"{self.at:%Y-%m-%d %H:%M}",
            number=self.first_number,
            changes=", ".join(map(again, self.changes)),
        )


class Parent(FrozenModel):
    """The experiment whose best network the trials of a new one start from, on other data."""

    experiment_id: str
    trial_id: str
    data: str
    """The other data, in words."""

    @property
    def sentence(self) -> str:
        said = mark("Goes on from {trial} of {experiment}, with {data}.")
        return again(
            said.format(trial=self.trial_id, experiment=self.experiment_id, data=self.data)
        )


class ExperimentRecord(FrozenModel):
    """One experiment; the engine replaces the file."""

    format_version: int = FORMAT_VERSION
    experiment_id: str
    state: ExperimentState = ExperimentState.QUEUED
    message: str = ""
    """The current step, or why the experiment ended, in one sentence."""

    progress: float = Field(default=0.0, ge=0, le=1)
    """Completed share of the current preparation step or of the search."""

    notes: list[str] = Field(default_factory=list)
    """Changed or ignored settings, for example a concurrency lowered to the number of cores."""

    written: list[str] = Field(default_factory=list)
    """Notes on how the job's file was written, which `job.yml` does not keep."""

    plan: list[str] = Field(default_factory=list)
    """AutoMode's plan in sentences, followed by its revisions; empty for other searches."""

    left_out: list[str] = Field(default_factory=list)
    """Names of AutoMode's first trials that there was no time for, neither at first nor later."""

    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    paused_seconds: float = 0.0
    """Time between the engines of a resumed experiment; not part of its time."""

    deadline: datetime | None = None
    """When the time limit ends the search."""

    more_minutes: int | None = None
    """Time limit of a search that goes on after it ended at its limit; None: that of the job."""

    continuations: list[Continuation] = Field(default_factory=list)
    """How the search went on beyond what was first planned, in the order of time."""

    owner: str = ""
    parent: Parent | None = None
    """The experiment that this one goes on from with other data."""

    data_version: str = ""
    """Version of the data that was trained on; empty: it is not known."""

    num_trials: int = 0
    """Number of planned trials; 0 until it is known."""

    num_first_trials: int | None = None
    """Number of the trials, the lowest ones, that were known before any of them started; None in
    records of earlier versions."""

    max_concurrent_trials: int = 1
    threads_per_trial: int = 1
    devices: list[str] = Field(default_factory=list)
    """Devices in use, for example `cpu (2 cores)` or the name of each GPU."""

    best_trial: str | None = None
    best_score: float | None = None
    improvements: list[float] = Field(default_factory=list)
    """Every best score so far, in order; the last one is `best_score`."""

    expected_score: float | None = None
    expected_low: float | None = None
    expected_high: float | None = None
    """Score to expect of a trial's model on new pictures, with its 95 % interval."""

    expected_trial: str | None = None
    """This trial: the best one when a trial last ended. Another may lead meanwhile."""

    expected_basis: str = ""
    """One sentence on the way to the expected score, or on the reason that there is none."""

    test_score: float | None = None
    failure: Literal["data", "job", "engine", ""] = ""
    """Cause of the failure of an experiment: the data, the job or the engine."""

    details: str = ""
    """Traceback of an engine that failed."""

    @property
    def seconds(self) -> float | None:
        """Time so far."""
        return _seconds(self.started_at, self.ended_at, self.paused_seconds)


class TestOpening(FrozenModel):
    """Result of opening the test data, which happens once, for one trial."""

    __test__ = False  # pytest would collect the class because of its name

    format_version: int = FORMAT_VERSION
    trial_id: str
    opened_at: datetime
    opened_by: str
    num_pictures: int
    num_unreadable: int
    """Number of test pictures that could no longer be read; `num_pictures` excludes them."""

    metrics: dict[str, float]
    """Test metrics by name (see `automl.evaluation.metrics`)."""

    score_low: float
    score_high: float
    """95 % interval of the primary metric, over the test pictures."""
