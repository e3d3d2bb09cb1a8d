"""Which trials have not been heard of for far longer than an evaluation usually takes. Pure."""

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import median

FACTOR = 10
LEAST_SECONDS = 300.0
_DEAF_SECONDS = 30.0


class Silence:
    """Told of every sign of life; times are seconds of a clock that nobody sets.

    While the engine itself did not listen (the machine slept, the process was halted), nothing
    could be heard: such gaps do not count.
    """

    def __init__(self) -> None:
        self._heard: dict[str, float] = {}
        self._listened: float | None = None

    def heard(self, trial_id: str, at: float) -> None:
        self._heard[trial_id] = at

    def forget(self, trial_id: str) -> None:
        """Nothing is expected of it any more."""
        self._heard.pop(trial_id, None)

    def overdue(
        self, usual: Callable[[], Mapping[str, Sequence[float]]], at: float
    ) -> dict[str, float]:
        """Trials that are silent for too long, and for how many seconds.

        usual: seconds that every evaluation has taken so far, by trial; asked only when it matters.
        A trial without one is measured by the slowest of the others, and by nothing before there
        is any.
        """
        gap = 0.0 if self._listened is None else at - self._listened
        self._listened = at
        if gap > _DEAF_SECONDS:
            self._heard = {trial_id: before + gap for trial_id, before in self._heard.items()}
        silent = {
            trial_id: at - before
            for trial_id, before in self._heard.items()
            if at - before > LEAST_SECONDS
        }
        if not silent:
            return {}
        typical = {trial_id: median(seconds) for trial_id, seconds in usual().items() if seconds}
        slowest = max(typical.values(), default=math.inf)
        return {
            trial_id: seconds
            for trial_id, seconds in silent.items()
            if seconds > FACTOR * typical.get(trial_id, slowest)
        }
