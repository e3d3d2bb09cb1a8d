"""Search of a search space: the sampling algorithm and the early-termination policy."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator

from automl.frozen_model import FrozenModel
from automl.jobs.azure_values import AnySpelling, Whole, number, one_of, without_nulls
from automl.texts import mark

_POLICIES = ("bandit", "median_stopping", "truncation_selection", "asha")
_Slack = Annotated[float, BeforeValidator(number)]


def _policy(value: object) -> object:
    """Return a policy with its type spelt as here, and without the keys that are null."""
    given = without_nulls(value)
    if not isinstance(given, dict) or "type" not in given:
        return given
    return {**given, "type": one_of(given["type"], _POLICIES)}


class SamplingAlgorithm(FrozenModel):
    """Sampler that proposes the hyperparameters of each trial."""

    model_config = ConfigDict(allow_inf_nan=False)

    type: Annotated[Literal["random", "grid", "bayesian"], AnySpelling()]
    """random draws every trial independently; grid tries every combination of choices; bayesian
    proposes the most promising values after the trials so far."""

    seed: int | None = Field(None, ge=0)
    """Makes the sequence of trials repeatable; if left out, the seed of the job is used."""

    rule: Annotated[Literal["random", "sobol"], AnySpelling()] = "random"
    """sobol spreads the trials evenly over the space. Only with random."""

    logbase: float | Literal["e"] | None = None
    """Accepted from Azure's files; the bounds of log distributions are natural logarithms."""


class _Periodic(FrozenModel):
    model_config = ConfigDict(allow_inf_nan=False)

    evaluation_interval: Whole = Field(1, ge=0)
    """Evaluations from one check of a trial to the next; 0 counts as 1."""

    delay_evaluation: Whole = Field(0, ge=0)
    """Evaluations of a trial before its first check."""

    def is_due(self, num_evaluations: int) -> bool:
        """Return True if a trial is checked at its n-th evaluation."""
        interval = max(1, self.evaluation_interval)
        return num_evaluations >= self.delay_evaluation and num_evaluations % interval == 0


class Bandit(_Periodic):
    """Stops a trial that is too far behind the best one.

    A slack that is left out is 0; if both are set, the more generous one applies.
    """

    type: Literal["bandit"]
    slack_factor: _Slack = Field(0.0, ge=0)
    """A trial continues while its best score is at least that of the best trial, divided by
    1 + this."""

    slack_amount: _Slack = Field(0.0, ge=0)
    """A trial continues while its best score is at least that of the best trial, minus this."""


class MedianStopping(_Periodic):
    """Stops a trial whose best score is below the median of all trials' mean scores."""

    type: Literal["median_stopping"]


class TruncationSelection(_Periodic):
    """Stops the lowest share of all trials, compared at the same evaluation."""

    type: Literal["truncation_selection"]
    truncation_percentage: Whole = Field(ge=1, le=99)
    """Percentage of the trials that is stopped at every check."""


class Asha(FrozenModel):
    """Asynchronous successive halving: only the best share continues after each rung.

    Rungs are at `delay_evaluation` evaluations, and at that number times each power of
    `reduction_factor` (Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning").
    """

    model_config = ConfigDict(allow_inf_nan=False)

    type: Literal["asha"]
    delay_evaluation: Whole = Field(1, ge=1)
    """Evaluations at the first rung; no trial is stopped before it."""

    reduction_factor: float = Field(3.0, ge=2)
    """One trial in this many continues after each rung."""


Policy = Annotated[
    Bandit | MedianStopping | TruncationSelection | Asha, Field(discriminator="type")
]


class Sweep(FrozenModel):
    """Sampling and early termination of the search."""

    sampling_algorithm: SamplingAlgorithm
    """Sampler that proposes the hyperparameters of each trial."""

    early_termination: Annotated[Policy | None, BeforeValidator(_policy)] = None
    """Ends trials that look worse than others; if left out, every trial runs to its end."""

    @field_validator("sampling_algorithm", mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"type": value} if isinstance(value, str) else value

    def notes(self) -> list[str]:
        """Return a sentence for every setting without effect, or with an unexpected one."""
        algorithm, policy = self.sampling_algorithm, self.early_termination
        notes = []
        if algorithm.logbase is not None:
            notes.append(mark("sweep.sampling_algorithm.logbase has no effect here."))
        if algorithm.rule == "sobol" and algorithm.type != "random":
            sobol = mark("rule: sobol has no effect: sampling_algorithm is {algorithm}.")
            notes.append(sobol.format(algorithm=algorithm.type))
        if algorithm.seed is not None and algorithm.type == "grid":
            notes.append(mark("seed has no effect on sampling_algorithm: grid."))
        if isinstance(policy, Bandit) and policy.slack_factor and policy.slack_amount:
            notes.append(
                mark(
                    "slack_factor and slack_amount are both set: a trial is stopped if it is below "
                    "both."
                )
            )
        return notes
