"""How the search went over time, with the best score so far."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl.experiments.records import TrialRecord


class Point(NamedTuple):
    """A moment at which an evaluation ended."""

    minutes: float
    """Since the first trial started."""

    score: float
    best: float
    """The best score until then."""

    trial: TrialRecord


class History(NamedTuple):
    """Every evaluation in order of time, without diverged ones (NaN).

    As arrays (N,): with 1,000 trials there are 100,000 of them.
    """

    minutes: NDArray[np.float64]
    scores: NDArray[np.float64]
    best: NDArray[np.float64]
    whose: NDArray[np.int64]
    """Place among `trials`."""

    trials: Sequence[TrialRecord]

    def at(self, places: Iterable[int]) -> list[Point]:
        return [
            Point(
                float(self.minutes[place]),
                float(self.scores[place]),
                float(self.best[place]),
                self.trials[self.whose[place]],
            )
            for place in places
        ]

    def improvements(self) -> list[Point]:
        """The points that raised the best score, and the last one."""
        raised = np.diff(self.best, prepend=-np.inf) > 0
        raised[-1:] = True
        return self.at(np.flatnonzero(raised).tolist())


def history(trials: Sequence[TrialRecord], primary_metric: str) -> History:
    found = [
        (each.finished_at.timestamp(), each.metrics[primary_metric], place)
        for place, trial in enumerate(trials)
        for each in trial.evaluations
    ]
    moments, scores, whose = np.array(found, dtype=np.float64).reshape(-1, 3).T
    started = [trial.started_at.timestamp() for trial in trials if trial.started_at]
    first_start = min(started, default=moments.min(initial=np.inf))
    order = np.argsort(moments, kind="stable")
    order = order[~np.isnan(scores[order])]
    return History(
        minutes=(moments[order] - first_start) / 60,
        scores=scores[order],
        best=np.maximum.accumulate(scores[order]),
        whose=whose[order].astype(np.int64),
        trials=trials,
    )


def epochs_asked(trial: TrialRecord) -> int | None:
    """Epochs the trial runs if nothing ends it."""
    epochs = trial.effective.get("number_of_epochs", trial.hyperparameters.get("number_of_epochs"))
    return int(epochs) if epochs else None
