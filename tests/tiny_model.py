"""A checkpoint of an untrained network that is small enough to make in a test."""

from pathlib import Path
from typing import Any

import torch

from automl.model import checkpoint
from automl.model.description import ModelDescription
from automl.model.network import Normalised, create


def save(folder: Path, *, seed: int, **changes: Any) -> None:
    """Write a model of the classes a and b; changes: values of its description."""
    torch.manual_seed(seed)
    folder.parent.mkdir(parents=True)
    given = {
        "model_name": "test_resnet",
        "timm_name": "test_resnet",
        "class_names": ["a", "b"],
        "mean": (0.4, 0.5, 0.6),
        "std": (0.2, 0.2, 0.2),
        "validation_crop_size": 32,
        "validation_resize_size": 32,
        "epoch": 0,
    }
    description = ModelDescription.model_validate({**given, **changes})
    network = create(description.timm_name, len(description.class_names))
    checkpoint.save(folder, Normalised(network, description.mean, description.std), description)
