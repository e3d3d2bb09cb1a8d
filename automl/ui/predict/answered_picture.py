"""A picture with the answer of a model, and the thresholds below which it is doubtful."""

from dataclasses import dataclass

from automl.prediction.inference import Failure, Picture, Row

NOT_SURE = "not sure"


@dataclass(frozen=True)
class AnsweredPicture:
    """A picture and the answer of the model."""

    name: str
    answer: Row | Failure
    thumbnail: bytes | None
    """JPEG; None if the picture cannot be read."""

    picture: Picture | None = None
    """The picture itself; None if there are too many to keep them."""


@dataclass(frozen=True)
class Caution:
    """Probabilities below which an answer is replaced by `not sure` or marked."""

    least_probability: float
    """Below it the answer is `not sure`."""

    unlike_below: float | None
    """Below it the picture may be unlike the training data; None if there are no validation
    answers to compare with."""

    def is_sure(self, probability: float) -> bool:
        return probability >= self.least_probability

    def is_unlike(self, probability: float) -> bool | None:
        return None if self.unlike_below is None else probability < self.unlike_below
