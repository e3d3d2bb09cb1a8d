"""A picture with the answer of a model, and how far the answer is to be trusted."""

from dataclasses import dataclass

from automl.found_pictures import FoundPicture
from automl.inference import Failure, Row

NOT_SURE = "not sure"


@dataclass(frozen=True)
class AnsweredPicture:
    """One that was asked about."""

    found: FoundPicture
    answer: Row | Failure
    thumbnail: bytes | None
    """JPEG; None where the picture cannot be read."""

    @property
    def name(self) -> str:
        return self.found.name


@dataclass(frozen=True)
class Caution:
    """When an answer is not given, and when it is marked."""

    least_probability: float
    """Below it the answer is `not sure`."""

    unlike_below: float | None
    """Below it the picture may be unlike the training data; None where there is nothing to compare
    with."""

    def is_sure(self, probability: float) -> bool:
        return probability >= self.least_probability

    def is_unlike(self, probability: float) -> bool | None:
        return None if self.unlike_below is None else probability < self.unlike_below
