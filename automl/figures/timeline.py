"""Scores of a search over time, with the best score so far."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl.experiments.records import TrialRecord, now
from automl.figures.pauses import Clock


class Point(NamedTuple):
    """An evaluation at the time it ended."""

    time: float
    """That of the clock."""

    score: float
    best: float
    """The best score until then."""

    trial: TrialRecord


class History(NamedTuple):
    """Every evaluation in the order of time, without diverged ones (NaN).

    Arrays (N,) instead of objects: 1,000 trials have 100,000 evaluations.
    """

    times: NDArray[np.float64]
    """Those of the clock."""

    scores: NDArray[np.float64]
    best: NDArray[np.float64]
    trial_positions: NDArray[np.int64]
    """Position in `trials`."""

    trials: Sequence[TrialRecord]
    clock: Clock

    def at(self, positions: Iterable[int]) -> list[Point]:
        """Return the evaluations at these positions."""
        return [
            Point(
                float(self.times[position]),
                float(self.scores[position]),
                float(self.best[position]),
                self.trials[self.trial_positions[position]],
            )
            for position in positions
        ]

    def improvements(self) -> list[Point]:
        """Return the points that raised the best score, and the last point."""
        raised = np.diff(self.best, prepend=-np.inf) > 0
        raised[-1:] = True
        return self.at(np.flatnonzero(raised).tolist())


def history(trials: Sequence[TrialRecord], primary_metric: str) -> History:
    """Collect the evaluations of all trials."""
    rows = [
        (each.finished_at.timestamp(), each.metrics[primary_metric], position)
        for position, trial in enumerate(trials)
        for each in trial.evaluations
    ]
    moments, scores, positions = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    clock = Clock.of(trials, now())
    order = np.argsort(moments, kind="stable")
    order = order[~np.isnan(scores[order])]
    return History(
        times=clock.times(moments[order]),
        scores=scores[order],
        best=np.maximum.accumulate(scores[order]),
        trial_positions=positions[order].astype(np.int64),
        trials=trials,
        clock=clock,
    )


def planned_epochs(trial: TrialRecord) -> int | None:
    """Return the number of epochs if nothing ends the trial early; None if unknown."""
    epochs = trial.effective.get("number_of_epochs", trial.hyperparameters.get("number_of_epochs"))
    return int(epochs) if epochs else None
