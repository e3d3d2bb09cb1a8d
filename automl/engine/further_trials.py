"""The plan of a search that goes on beyond its end: further trials follow those that have ended."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from automl.engine.planning import (
    Plan,
    PlannedTrial,
    drawn_plan,
    left_of,
    requested,
    samples,
)
from automl.experiments.records import Continuation, TrialRecord
from automl.jobs.job import Job

_DRAWS_OF_EACH = 20
"""Draws for each trial, so that few combinations are found although draws repeat."""


def further(
    job: Job,
    recorded: Sequence[TrialRecord],
    latest: Continuation,
    plan_anew: Callable[[], Plan],
) -> Plan:
    """Plan a search that has gone on beyond its end at least once.

    Args:
        job: the job as it goes on.
        recorded: all trials so far.
        latest: how it went on last.
        plan_anew: plans the job as if it had not gone on; called for a sampler that learns, whose
            space and number of trials are those of the plan.
    """
    left = left_of(recorded)
    number = latest.first_number
    if latest.trained_on is not None and all(trial.number != number for trial in recorded):
        left.append(PlannedTrial.of(number, latest.trained_on))
    if job.learns or job.is_automode:
        return replace(plan_anew(), trials=left)
    next_number = 1 + max(each.number for trials in (recorded, left) for each in trials)
    drawn = _not_yet_tried(job, recorded, job.limits.max_trials - next_number)
    new = drawn_plan(drawn, next_number)
    return replace(new, trials=[*left, *new.trials], num_trials=next_number + len(drawn))


def _not_yet_tried(job: Job, recorded: Sequence[TrialRecord], number: int) -> list[dict[str, Any]]:
    """Values of so many further trials: those that follow the ones that are recorded.

    A sequence that is drawn from the same space goes on where it stopped. A space of few values is
    drawn from more often, since most draws repeat what was tried.
    """
    if number <= 0 or not job.search_space:
        return []
    tried = [trial.hyperparameters for trial in recorded]
    untried: list[dict[str, Any]] = []
    for drawn in samples(job, _DRAWS_OF_EACH * (len(recorded) + number)):
        if len(untried) == number:
            break
        values = requested(job, drawn)
        if values not in tried and values not in untried:
            untried.append(values)
    return untried
