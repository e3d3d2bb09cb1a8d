"""Trainings that stay far behind the best trial: pure functions of the records.

A cosine schedule gains most at its end, but a training that makes more than twice the errors of the
best trial when half of its schedule is over would have to lose more than half of them in the rest.
"""

import math

from automl.engine.results import Results
from automl.experiments.records import TrialRecord
from automl.texts import mark

_ERRORS = 2.0
"""Errors, as a multiple of the best trial's, that are far behind."""

_QUANTILE = 1.645
"""One-sided level of 5 %."""


def reason_to_stop(results: Results, trial_id: str, epoch: int, score: float) -> str | None:
    """Return the reason to stop a training after an epoch; None if it may go on."""
    trial = results.trials[trial_id]
    num_epochs = trial.effective.get("number_of_epochs", 0)
    if not num_epochs / 2 <= epoch < num_epochs or not is_far_behind(results, trial, score):
        return None
    best = results.best_trial()
    assert best is not None  # the one that it is behind
    highest = results.score(best)
    return mark(
        "Stopped far behind the best trial at epoch {epoch} of {epochs}: {metric} {own} is more "
        "than twice as far from 1 as the {best} of {trial}, which longer training rarely makes up."
    ).format(
        epoch=epoch,
        epochs=num_epochs,
        metric=results.primary_metric,
        own=f"{score:.4g}",
        best=f"{highest:.4g}",
        trial=best.trial_id,
    )


def is_far_behind(results: Results, trial: TrialRecord, score: float) -> bool:
    """True if a score is more than twice as far from 1 as the best one, beyond noise.

    The score is taken for a share of the pictures that the trial is scored on.
    """
    best = results.best_trial()
    highest = None if best is None else results.score(best)
    num_pictures = trial.evidence.num_pictures if trial.evidence else 0
    if highest is None or not num_pictures:
        return False
    bound = min(1.0, _ERRORS * max(1 - highest, 1 / num_pictures))
    noise = math.sqrt(bound * (1 - bound) / num_pictures)
    return 1 - score > bound + _QUANTILE * noise
