"""`parity.json`: the comparison of an exported model with the trial's own. No torch."""

from typing import Literal

from automl.frozen_model import FrozenModel
from automl.texts import mark

TOLERANCE = 1e-3
"""Largest difference of a probability with which an export succeeds."""


class Int8(FrozenModel):
    """The quantised model, compared with the model it was made from."""

    num_images: int
    """Number of validation pictures: all that can be read."""

    accuracy: float
    """Share of the pictures with the right class, or with exactly the right labels."""

    original_accuracy: float
    agreement: float
    """Share of the pictures for which both models answer the same class, or the same labels."""

    mean_probability_difference: float | None = None
    """Mean difference of a probability between both models; unknown of earlier exports."""

    latency_ms: float
    size_bytes: int


class InputConvention(FrozenModel):
    """Both ways of giving pixels to an ONNX file, tried on a few pictures."""

    file: str
    """The file inside of the artefact."""

    normalization: Literal["inside", "outside"]
    """Place where mean and standard deviation are taken off; the metadata of the file say it."""

    agreement_of_0_to_1: float
    """Share of the pictures that get the probabilities of the trial's own model from values of 0 to
    1."""

    agreement_of_normalised: float
    """The same from normalised values."""

    @property
    def sentence(self) -> str:
        """The right way and the wrong one, with their figures."""
        if self.normalization == "inside":
            said = mark(
                "{file} takes values of 0 to 1: {right} of the pictures get the answer of the "
                "trial. With normalised values it would be {wrong}."
            )
            right, wrong = self.agreement_of_0_to_1, self.agreement_of_normalised
        else:
            said = mark(
                "{file} takes normalised values: {right} of the pictures get the answer of the "
                "trial. With values of 0 to 1 it would be {wrong}."
            )
            right, wrong = self.agreement_of_normalised, self.agreement_of_0_to_1
        return said.format(file=self.file, right=f"{right:.0%}", wrong=f"{wrong:.0%}")


class Parity(FrozenModel):
    """The exported artefact, compared with the trial's own model in torch."""

    format: str
    experiment: str
    trial_id: str
    num_images: int
    pictures: Literal["validation", "noise"]
    """noise: none of the validation pictures can be read on this machine."""

    agreement: float
    """Share of the pictures for which both models answer the same class, or the same labels."""

    max_probability_difference: float
    tolerance: float = TOLERANCE
    max_difference_from_recorded: float | None = None
    """Largest difference between the trial's own model here, on the CPU, and its recorded answers,
    perhaps from a GPU."""

    latency_ms: float
    """Median time for one picture, from the file to the probabilities."""

    own_latency_ms: float
    """The same for the trial's own model."""

    size_bytes: int
    """Size of all files of the artefact."""

    onnx_input: InputConvention | None = None
    """Input of the ONNX file in the artefact; None if there is none."""

    int8: Int8 | None = None
