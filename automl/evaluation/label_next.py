"""Ranking of pictures to label next, and worth of more labels, as they are stored and drawn."""

from typing import Literal

from automl.evaluation.first_score import Answer
from automl.frozen_model import FrozenModel

NOTHING_LABELLED = "nothing-labelled"
"""Argument of the ranking process if the data of the job has no labels yet."""

Why = Literal["unsure", "typical"]
"""unsure: the probe wavers between classes, or about labels; typical: others look like it."""


class Suggestion(FrozenModel):
    """A picture without a label."""

    path: str
    guess: Answer = ""
    """The most probable class, or the probable labels; "" without any label to learn from."""

    probability: float | None = None
    """Probability of the guess; with any number of labels a picture that of `second`."""

    second: str = ""
    """The next class, or the label that the probe is least sure of; "" if there is none."""

    why: Why


class Worth(FrozenModel):
    """Accuracy that more pictures would add to a probe."""

    class_name: str | None
    """None: of all classes."""

    num_pictures: int
    """That are there."""

    num_more: int
    gain: float
    """Gain of accuracy on pictures like these, as a share."""

    low: float
    high: float
    """Interval of the gain, see `forecast`."""


class LabelNext(FrozenModel):
    """Pictures to label, the most telling first."""

    model_name: str
    side: int
    """Side of the pictures in pixels."""

    num_labelled: int
    num_unlabelled: int
    num_unreadable: int = 0
    """Pictures without a label that are left out, because they cannot be read."""

    suggestions: list[Suggestion]
    forecast: list[Worth] | None = None
    """All classes together come first; None while it is not known, empty with too few labels."""
