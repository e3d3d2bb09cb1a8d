"""`parity.json`: the comparison of an exported model with the trial's own. No torch."""

from typing import Literal

from automl.frozen_model import FrozenModel

TOLERANCE = 1e-3
"""Largest difference of a probability with which an export succeeds."""


class Int8(FrozenModel):
    """The quantised model, compared with the model it was made from."""

    num_images: int
    """Number of validation pictures: all that can be read."""

    accuracy: float
    original_accuracy: float
    agreement: float
    """Share of the pictures for which both models answer the same class."""

    latency_ms: float
    size_bytes: int


class Parity(FrozenModel):
    """The exported artefact, compared with the trial's own model in torch."""

    format: str
    experiment: str
    trial_id: str
    num_images: int
    pictures: Literal["validation", "noise"]
    """noise: none of the validation pictures can be read on this machine."""

    agreement: float
    """Share of the pictures for which both models answer the same class."""

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

    int8: Int8 | None = None
