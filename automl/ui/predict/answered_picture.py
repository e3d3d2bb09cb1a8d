"""A picture with the answer of a model, and how far the answer is to be trusted."""

from dataclasses import dataclass

from automl.prediction.inference import Failure, Picture, Row

NOT_SURE = "not sure"


@dataclass(frozen=True)
class AnsweredPicture:
    """One that was asked about."""

    name: str
    answer: Row | Failure
    thumbnail: bytes | None
    """JPEG; None where the picture cannot be read."""

    picture: Picture | None = None
    """None where there are too many to keep them."""


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
