"""Requests for explanations, their parameters, and the replies. No torch.

The explainer and its worker process exchange `Request` and `Reply` as one line of JSON each. The
parameters are Azure's `xai_parameters`, with its names and defaults.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, ValidationError

from automl.errors import ExplanationError
from automl.frozen_model import FrozenModel
from automl.jobs import job_errors

Algorithm = Literal["xrai", "integrated_gradients", "guided_gradcam", "guided_backprop"]


class ExplanationParameters(FrozenModel):
    """Parameters of an explanation. A parameter of another algorithm has no effect."""

    xai_algorithm: Algorithm = "xrai"
    """From the best to the fastest: xrai, guided_gradcam, integrated_gradients, guided_backprop."""

    visualizations: bool = True
    """Draw the picture."""

    attributions: bool = False
    """Return the numbers."""

    n_steps: int = Field(default=50, ge=2, le=1000)
    """For xrai and integrated_gradients: number of pictures between a blank one and this one. More
    steps are slower and closer to the true integral, for which about 50 are usually enough."""

    xrai_fast: bool = True
    """For xrai: faster, coarser regions."""

    approximation_method: Literal["riemann_middle", "gausslegendre"] = "riemann_middle"
    """For integrated_gradients: numerical approximation of the integral."""

    confidence_score_threshold_multilabel: float = Field(default=0.5, ge=0, le=1)
    """Threshold where pictures have any number of labels: a scoring request explains each label
    with at least this probability."""

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Check parameters and return them.

        Raises:
            ExplanationError: one sentence for each name that is unknown or value not allowed.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            problems = job_errors.problems(error, values, cls, {})
            sentences = " ".join(problem.message for problem in problems)
            raise ExplanationError(sentences) from None


class Request(FrozenModel):
    """A picture to explain."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    checkpoint_dir: Path
    file: bytes
    """Content of the picture's file."""

    parameters: ExplanationParameters
    label: str | None = None
    """Label to explain; None for the most probable one."""


class Reply(FrozenModel):
    """An explanation, or the sentence why there is none."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    refusal: str = ""
    label: str = ""
    probability: float = 0.0
    picture: bytes | None = None
    """PNG; None if `visualizations` is False."""

    attributions: bytes | None = None
    """float32 (3, side, side) in C order; None if `attributions` is False."""

    side: int = 0
    notes: list[str] = []
