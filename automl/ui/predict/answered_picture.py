"""A picture with the answer of a model, and the probability below which it is doubtful."""

from dataclasses import dataclass

from automl.prediction.inference import Answer, Failure, Picture
from automl.texts import mark

NOT_SURE = mark("not sure")


@dataclass(frozen=True)
class AnsweredPicture:
    """A picture and the answer of the model."""

    name: str
    answer: Answer | Failure
    thumbnail: bytes | None
    """JPEG; None if the picture cannot be read."""

    picture: Picture | None = None
    """The picture itself; None if there are too many to keep them."""


@dataclass(frozen=True)
class Caution:
    """Warning beside an answer, or in its place."""

    least_probability: float
    """Below it the answer is `not sure`."""

    set_limit: float | None = None
    """Limit of `Predictor.answer_set`; None: no sets are shown."""

    def is_sure(self, probability: float) -> bool:
        return probability >= self.least_probability


NO_CAUTION = Caution(0.0)
"""Every answer is accepted, and no sets are shown."""
