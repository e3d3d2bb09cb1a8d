"""The time of a search in the unit that suits its length, without pauses between trials."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from automl.experiments.records import TrialRecord
from automl.texts import mark

_LEAST_SECONDS = 60.0
"""Seconds between two trials that are a pause; preparing a trial takes less."""


class Unit(NamedTuple):
    """A unit of time, and the titles of an axis in it."""

    seconds: float
    short: str
    axis: str
    axis_without: str


SECONDS, MINUTES, HOURS = (
    Unit(1, "s", mark("Seconds since the first trial started"), mark("Seconds, without pauses")),
    Unit(60, "min", mark("Minutes since the first trial started"), mark("Minutes, without pauses")),
    Unit(3600, "h", mark("Hours since the first trial started"), mark("Hours, without pauses")),
)
_SHORT, _LONG = 2 * 60.0, 3 * 3600.0
"""Seconds below which a search has an axis of seconds, and from which one of hours."""


class Pause(NamedTuple):
    """A time in which no trial ran; seconds since the epoch."""

    start: float
    end: float


class Clock(NamedTuple):
    """The time of a search since its first trial started, without pauses."""

    first_start: float
    pauses: Sequence[Pause]
    unit: Unit

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
        if not spans:
            return cls(np.inf, pauses, MINUTES)
        length = end - spans[0][0] - sum(pause.end - pause.start for pause in pauses)
        unit = SECONDS if length < _SHORT else MINUTES if length < _LONG else HOURS
        return cls(spans[0][0], pauses, unit)

    def times(self, moments: ArrayLike) -> NDArray[np.float64]:
        """The time of these moments, which are seconds since the epoch, in its unit."""
        at = np.asarray(moments, dtype=np.float64)
        passed = at - self.first_start
        for pause in self.pauses:
            passed = passed - np.clip(at - pause.start, 0.0, pause.end - pause.start)
        return passed / self.unit.seconds

    @property
    def axis(self) -> str:
        """Title of an axis with these times."""
        return self.unit.axis_without if self.pauses else self.unit.axis

    @property
    def at_x(self) -> str:
        """Time at the pointer, in the template of a text that Plotly fills."""
        return f"%{{x:.1f}} {self.unit.short}"
