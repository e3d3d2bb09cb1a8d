"""Times between trials in which none ran, such as the night before a search went on."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from automl.experiments.records import TrialRecord
from automl.texts import mark

_LEAST_SECONDS = 60.0
"""Seconds between two trials that are a pause; preparing a trial takes less."""

AXIS, AXIS_WITHOUT = (
    mark("Minutes since the first trial started"),
    mark("Minutes, without pauses"),
)


class Pause(NamedTuple):
    """A time in which no trial ran; seconds since the epoch."""

    start: float
    end: float


class Clock(NamedTuple):
    """The time of a search: minutes since its first trial started, without pauses."""

    first_start: float
    pauses: Sequence[Pause]

    @classmethod
    def of(cls, trials: Sequence[TrialRecord], now: datetime) -> "Clock":
        """The clock of these trials; those that run have run until now."""
        spans = sorted(
            (trial.started_at.timestamp(), (trial.ended_at or now).timestamp())
            for trial in trials
            if trial.started_at
        )
        pauses, end = [], np.inf
        for start, its_end in spans:
            if start - end > _LEAST_SECONDS:
                pauses.append(Pause(end, start))
            end = its_end if end == np.inf else max(end, its_end)
        return cls(spans[0][0] if spans else np.inf, pauses)

    def minutes(self, moments: ArrayLike) -> NDArray[np.float64]:
        """Minutes of these moments, in seconds since the epoch."""
        at = np.asarray(moments, dtype=np.float64)
        passed = at - self.first_start
        for pause in self.pauses:
            passed = passed - np.clip(at - pause.start, 0.0, pause.end - pause.start)
        return passed / 60

    @property
    def axis(self) -> str:
        """Title of an axis with these minutes."""
        return AXIS_WITHOUT if self.pauses else AXIS
