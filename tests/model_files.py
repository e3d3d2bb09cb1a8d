"""Files that an experiment keeps beside the weights of a model."""

from collections.abc import Sequence
from pathlib import Path

from automl.model.description import ModelDescription


def describe(folder: Path, model_name: str, class_names: Sequence[str]) -> None:
    """Make the folder of a checkpoint with its description, without weights."""
    folder.mkdir(parents=True)
    description = ModelDescription(
        model_name=model_name,
        timm_name=model_name,
        class_names=list(class_names),
        mean=(0.4, 0.5, 0.6),
        std=(0.2, 0.25, 0.3),
        validation_crop_size=64,
        validation_resize_size=72,
        epoch=1,
    )
    (folder / "model.json").write_text(description.model_dump_json())
