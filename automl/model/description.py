"""Description of a trained model, to rebuild it and prepare its input. Imports no torch."""

from typing import Literal

from automl.frozen_model import FrozenModel


class ModelDescription(FrozenModel):
    """`model.json` of a checkpoint.

    mean, std: normalisation of RGB values in 0 to 1.
    """

    model_name: str
    timm_name: str
    class_names: list[str]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    validation_crop_size: int
    validation_resize_size: int
    epoch: int
    has_seen_all: bool = False
    """True if it was fitted to the validation pictures, too."""

    head: Literal["linear", "nearest_neighbours"] = "linear"
