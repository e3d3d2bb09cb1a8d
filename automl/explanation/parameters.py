"""What can be asked of an explanation: Azure's `xai_parameters`, with its names and defaults."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, ValidationError

from automl.frozen_model import FrozenModel
from automl.jobs import job_errors

Algorithm = Literal["xrai", "integrated_gradients", "guided_gradcam", "guided_backprop"]


class ExplanationParameters(FrozenModel):
    """How to explain; what the algorithm does not know has no effect on it."""

    xai_algorithm: Algorithm = "xrai"
    """From the best to the fastest: xrai, guided_gradcam, integrated_gradients, guided_backprop."""

    visualizations: bool = True
    """Draw the picture."""

    attributions: bool = False
    """Return the numbers."""

    n_steps: int = Field(default=50, ge=2, le=1000)
    """Of xrai and integrated_gradients: pictures between a blank one and this; more is slower and
    closer to the true integral, which about 50 usually are."""

    xrai_fast: bool = True
    """Of xrai: faster, coarser."""

    approximation_method: Literal["riemann_middle", "gausslegendre"] = "riemann_middle"
    """Of integrated_gradients: how the integral is approximated."""

    confidence_score_threshold_multilabel: float = Field(default=0.5, ge=0, le=1)
    """Of models with several classes a picture, which are not made here: accepted, no effect."""

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Self:
        """The parameters, checked.

        Raises:
            ValueError: one sentence for each that is not known or not allowed.
        """
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            found = job_errors.problems(error, given, cls, {})
            raise ValueError(" ".join(problem.message for problem in found)) from None
