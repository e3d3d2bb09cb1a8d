"""Early stopping: which evaluation of a trial is its best, and when it ends. No torch."""

import math

from automl.jobs.hyperparameters import Hyperparameters
from automl.texts import mark


class EarlyStopping:
    """Tracks one trial's primary metric; NaN never improves anything."""

    def __init__(self, hyperparameters: Hyperparameters) -> None:
        self._patience = hyperparameters.early_stopping_patience
        self._delay = hyperparameters.early_stopping_delay
        self._is_on = hyperparameters.early_stopping
        self._best = -math.inf
        self._num_evaluations = 0
        self._num_without_improvement = 0

    def improved(self, score: float) -> bool:
        """Record the score of the next evaluation; True if it is the best so far."""
        self._num_evaluations += 1
        is_best = score > self._best
        if is_best:
            self._best = score
        if is_best or self._num_evaluations <= self._delay:
            self._num_without_improvement = 0
        else:
            self._num_without_improvement += 1
        return is_best

    def state(self) -> list[float]:
        """The argument of `go_on_from` in another process."""
        return [self._best, self._num_evaluations, self._num_without_improvement]

    def go_on_from(self, state: list[float]) -> None:
        """Continue from a recorded state."""
        self._best = state[0]
        self._num_evaluations, self._num_without_improvement = map(int, state[1:])

    @property
    def is_exhausted(self) -> bool:
        """True if the trial should end."""
        return self._is_on and self._num_without_improvement >= self._patience

    @property
    def reason(self) -> str:
        """Sentence for the trial's record."""
        return mark("No improvement for {count} evaluations.").format(
            count=self._num_without_improvement
        )
