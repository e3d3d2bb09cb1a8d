"""How a search space is searched: the sampling algorithm and the early-termination policy."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from automl.frozen_model import FrozenModel
from automl.jobs.azure import lower_case


def _typed(value: object) -> object:
    """With the name of the kind in small letters, as it is compared."""
    if not isinstance(value, dict) or "type" not in value:
        return value
    return {**value, "type": lower_case(value["type"])}


class SamplingAlgorithm(FrozenModel):
    """Who proposes hyperparameters."""

    type: Annotated[Literal["random", "grid", "bayesian"], BeforeValidator(lower_case)]
    """random draws every trial anew; grid goes through every combination of choices; bayesian
    proposes what looks best after the trials so far."""

    seed: int | None = Field(None, ge=0)
    """Makes the sequence of trials repeatable; the job's own seed when left out."""

    rule: Annotated[Literal["random", "sobol"], BeforeValidator(lower_case)] = "random"
    """sobol spreads the trials evenly over the space. Only with random."""

    logbase: float | Literal["e"] | None = None
    """Accepted from Azure's files; the bounds of log distributions are natural logarithms."""


class _Periodic(FrozenModel):
    evaluation_interval: int = Field(1, ge=0)
    """The policy looks at every so many evaluations of a trial; 0 counts as 1."""

    delay_evaluation: int = Field(0, ge=0)
    """Evaluations of a trial before the policy looks at it for the first time."""

    def is_due(self, num_evaluations: int) -> bool:
        """Whether the policy looks at a trial that has just been scored for the n-th time."""
        interval = max(1, self.evaluation_interval)
        return num_evaluations >= self.delay_evaluation and num_evaluations % interval == 0


class Bandit(_Periodic):
    """Stops a trial that is too far behind the best one.

    Of a slack that is left out nothing is allowed for; of two the more generous counts.
    """

    type: Literal["bandit"]
    slack_factor: float = Field(0.0, ge=0)
    """A trial goes on while its best score is at least the best trial's divided by 1 + this."""

    slack_amount: float = Field(0.0, ge=0)
    """A trial goes on while its best score is at least the best trial's less this."""


class MedianStopping(_Periodic):
    """Stops a trial whose best score is below the median of all trials' mean scores."""

    type: Literal["median_stopping"]


class TruncationSelection(_Periodic):
    """Stops the lowest share of all trials, compared at the same evaluation."""

    type: Literal["truncation_selection"]
    truncation_percentage: int = Field(ge=1, le=99)
    """Percentage of the trials that is stopped whenever the policy looks."""


class Asha(FrozenModel):
    """Asynchronous successive halving: only the best share goes on from each rung.

    Rungs are at `delay_evaluation` evaluations and at that times every power of
    `reduction_factor` (Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning").
    """

    type: Literal["asha"]
    delay_evaluation: int = Field(1, ge=1)
    """Evaluations at the first rung; no trial is stopped before it."""

    reduction_factor: float = Field(3.0, ge=2)
    """One in so many trials goes on from each rung."""


Policy = Annotated[
    Bandit | MedianStopping | TruncationSelection | Asha, Field(discriminator="type")
]


class Sweep(FrozenModel):
    """How the search space is searched."""

    sampling_algorithm: SamplingAlgorithm
    """Who proposes the hyperparameters of each trial."""

    early_termination: Annotated[Policy | None, BeforeValidator(_typed)] = None
    """Ends trials that look worse than others; every trial runs to its end when left out."""

    @field_validator("sampling_algorithm", mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"type": value} if isinstance(value, str) else value

    def notes(self) -> list[str]:
        """What has no effect, or not the one that could be expected."""
        algorithm, policy = self.sampling_algorithm, self.early_termination
        notes = []
        if algorithm.logbase is not None:
            notes.append("sweep.sampling_algorithm.logbase has no effect here.")
        if algorithm.rule == "sobol" and algorithm.type != "random":
            notes.append(f"rule: sobol has no effect: sampling_algorithm is {algorithm.type}.")
        if algorithm.seed is not None and algorithm.type == "grid":
            notes.append("seed has no effect on sampling_algorithm: grid.")
        if isinstance(policy, Bandit) and policy.slack_factor and policy.slack_amount:
            notes.append(
                "slack_factor and slack_amount are both given: a trial is stopped when it is "
                "below both."
            )
        return notes
