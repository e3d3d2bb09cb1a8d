"""How the search went over time: the best score so far, and how long it may still take."""

from datetime import datetime
from typing import NamedTuple

from automl.experiments.records import ExperimentRecord, TrialRecord


class Point(NamedTuple):
    """A moment at which an evaluation ended."""

    minutes: float
    """Since the first trial started."""

    score: float
    best: float
    """The best score until then."""

    trial: TrialRecord


def best_so_far(trials: list[TrialRecord], primary_metric: str) -> list[Point]:
    """Every evaluation in order of time; diverged ones (NaN) are left out."""
    started = [trial.started_at for trial in trials if trial.started_at]
    moments = sorted(
        (
            (evaluation.finished_at, evaluation.metrics[primary_metric], trial)
            for trial in trials
            for evaluation in trial.evaluations
        ),
        key=lambda moment: moment[0],
    )
    if not moments:
        return []
    first_start = min(started, default=moments[0][0])
    points: list[Point] = []
    for finished_at, score, trial in moments:
        if score == score:  # not NaN
            best = max(score, points[-1].best) if points else score
            minutes = (finished_at - first_start).total_seconds() / 60
            points.append(Point(minutes, score, best, trial))
    return points


def improvements(points: list[Point]) -> list[Point]:
    """The points that raised the best score, and the last one."""
    kept: list[Point] = []
    for index, point in enumerate(points):
        if not kept or point.best > kept[-1].best or index == len(points) - 1:
            kept.append(point)
    return kept


def seconds_left(record: ExperimentRecord, now: datetime) -> float | None:
    """At the speed so far, and never beyond the time limit; None while nobody can know."""
    until_deadline = (record.deadline - now).total_seconds() if record.deadline else None
    if not record.started_at or record.progress < 0.02:
        return None
    elapsed = (now - record.started_at).total_seconds()
    at_this_speed = elapsed * (1 - record.progress) / record.progress
    return at_this_speed if until_deadline is None else max(0.0, min(at_this_speed, until_deadline))


def epochs_asked(trial: TrialRecord) -> int | None:
    """Epochs the trial runs if nothing ends it."""
    epochs = trial.effective.get("number_of_epochs", trial.hyperparameters.get("number_of_epochs"))
    return int(epochs) if epochs else None
