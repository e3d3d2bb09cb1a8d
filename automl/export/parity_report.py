"""`parity.json`: what came of comparing an exported model with the trial's own. No torch."""

from typing import Literal

from automl.frozen_model import FrozenModel

TOLERANCE = 1e-3
"""Largest difference of a probability that is let through."""


class Int8(FrozenModel):
    """What the quantised model is like, beside the one it was made from."""

    num_images: int
    """All validation pictures that can be read."""

    accuracy: float
    original_accuracy: float
    agreement: float
    """Share of the pictures that get the same class from both."""

    latency_ms: float
    size_bytes: int


class Parity(FrozenModel):
    """`parity.json`: the exported artefact beside the trial's own model in torch."""

    format: str
    experiment: str
    trial_id: str
    num_images: int
    pictures: Literal["validation", "noise"]
    """noise: none of the validation pictures can be read on this machine."""

    agreement: float
    """Share of the pictures that get the same class from both."""

    max_probability_difference: float
    tolerance: float = TOLERANCE
    max_difference_from_recorded: float | None = None
    """Of the trial's own model here from its answers when it was scored, perhaps on a GPU."""

    latency_ms: float
    """Median time for one picture, from the file to the probabilities."""

    own_latency_ms: float
    """The same of the trial's own model."""

    size_bytes: int
    """Of all files of the artefact."""

    int8: Int8 | None = None
