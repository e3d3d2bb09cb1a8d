"""Standing of a trial between its steps, as plain values that any process can read."""

from dataclasses import dataclass
from typing import Any

from automl.experiments.records import Evidence
from automl.training import effective, latency
from automl.training.recovery import Recovery
from automl.training.trial_training import TrialTraining


@dataclass(frozen=True)
class Standing:
    """A trial after the last epoch that was trained."""

    is_done: bool
    effective: dict[str, Any]
    """Settings in effect."""

    notes: list[str]
    recovery: Recovery
    evidence: Evidence


def of(training: TrialTraining) -> Standing:
    """The standing of a trial."""
    return Standing(
        is_done=training.is_done,
        effective=effective.in_effect(training),
        notes=effective.notes(training),
        recovery=training.recovery,
        evidence=training.evidence,
    )


def latency_ms(training: TrialTraining) -> float:
    """See `latency.of_trial`."""
    return latency.of_trial(training.built, training.hyperparameters)
