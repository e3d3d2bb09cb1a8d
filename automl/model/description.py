"""Description of a trained model, to rebuild it and prepare its input. Imports no torch."""

from typing import Literal

from pydantic import Field

from automl.dataset.rendering import PLAIN, Rendering
from automl.frozen_model import FrozenModel
from automl.texts import mark

_MAX_SIDE = 4096
"""Limit of an input's side in pixels; a shared experiment could ask for any amount of memory."""


class ModelDescription(FrozenModel):
    """`model.json` of a checkpoint.

    mean, std: normalisation of RGB values in 0 to 1.
    """

    model_name: str
    timm_name: str = Field(pattern="^[^:/]*$")
    """With : or / timm would read a folder, or ask a hub."""

    class_names: list[str]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    validation_crop_size: int = Field(ge=1, le=_MAX_SIDE)
    validation_resize_size: int = Field(ge=1, le=_MAX_SIDE)
    rendering: Rendering = PLAIN
    """How pixel values become 8-bit RGB."""

    has_label_sets: bool = False
    """True if a picture may have any number of the labels `class_names`: each logit goes through a
    sigmoid, instead of all through a softmax."""

    epoch: int
    has_seen_all: bool = False
    """True if it was fitted to the validation pictures, too."""

    head: Literal["linear", "nearest_neighbours", "none", "stages", "concatenated", "averaged"] = (
        "linear"
    )
    """The last layer. none: a part of another network that takes its features; stages: the same
    with the features of all its stages; concatenated: a linear layer on the features of all parts;
    averaged: the mean of their probabilities."""

    parts: list["ModelDescription"] = []
    """The networks that it is made of, see `several_networks`; empty if it is one network."""

    is_mirrored: bool = False
    """True if its features are the mean of those of a picture and of its mirror image."""

    part_weights: list[float] = []
    """Weight of the probabilities of each part; they sum to 1."""

    @property
    def composition(self) -> str:
        """The networks that it is made of, as in `2 networks`; empty if it is one network."""
        if not self.parts:
            return ""
        if len(self.parts) == 1 and self.is_mirrored:
            return mark("one network that looks at a picture and at its mirror image")
        if len(self.parts) == 1:
            return mark("one network with the features of all its stages")
        return f"{len(self.parts)} networks"

    @property
    def architecture(self) -> str:
        """timm's name of the network, without the tag of its weights."""
        return self.timm_name.partition(".")[0]
