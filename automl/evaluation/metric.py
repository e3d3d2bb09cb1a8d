"""Metric: its key, its name for people, its explanation and its formula."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Metric:
    """Definition of one metric."""

    key: str
    name: str
    """Name for people within a sentence: `weighted AUC`."""

    explanation: str
    """One sentence for people who do not know the metric."""

    value: Callable[[Any], float]
    """The formula, of a task's answers: `ScoredAnswers` or `SetAnswers`."""

    differences: "Callable[[Any, Any], NDArray[np.float64]] | None" = None
    """For a primary metric: (N,) how much each picture contributes to the difference between two
    trials. If two equally good trials swapped their answers for a picture, its contribution would
    change its sign (see `significance`)."""

    needs_two_classes: bool = False
    """Defined only for a data set of exactly two classes."""

    is_higher_better: bool = True

    has_thresholds: bool = False
    """Its value depends on the thresholds from which labels are predicted: 0.5, unless the model
    has its own."""

    @property
    def is_primary(self) -> bool:
        """True if a job may optimise this metric."""
        return self.differences is not None
