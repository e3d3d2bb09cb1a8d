"""A sentence of the recommendation, the numbers it rests on, and where they are shown."""

from dataclasses import dataclass
from typing import Literal

View = Literal[
    "trial",
    "confusion",
    "label",
    "doubtful_labels",
    "leaderboard",
    "data",
    "test",
    "more_time",
    "resume",
]


@dataclass(frozen=True)
class Target:
    """Page that shows the numbers of a sentence, or action that it proposes."""

    view: View
    label: str
    """Words of the link."""

    trial_id: str = ""
    true: str = ""
    predicted: str = ""
    """Classes of a cell of the confusion matrix."""

    minutes: int = 0
    """Time limit of a new experiment, or of the one that goes on; 0: that of the job."""


@dataclass(frozen=True)
class Clause:
    """One sentence."""

    text: str
    numbers: tuple[float, ...]
    """The numbers in the text; at least one."""

    target: Target

    def __post_init__(self) -> None:
        assert self.numbers, f"no number is behind {self.text!r}"


@dataclass(frozen=True)
class Recommendation:
    """Recommendation about the best model."""

    title: str
    """`Use #3 resnet18` or `Do not use #3 resnet18 yet`."""

    doubts: tuple[Clause, ...]
    """Reasons not to use it yet; empty if there are none."""

    clauses: tuple[Clause, ...]
    """Further sentences, the most important first."""

    @property
    def is_usable(self) -> bool:
        """True if nothing speaks against using the model."""
        return not self.doubts
