"""A trial's best model on disk: weights as safetensors, everything else as JSON. No pickle."""

from pathlib import Path

import timm
from safetensors.torch import load_file, save_file

from automl.engine.training import floor
from automl.engine.training.model import Normalised
from automl.engine.training.model_description import ModelDescription
from automl.engine.training.trial_training import TrialTraining
from automl.experiments import store
from automl.experiments.records import Predictions
from automl.jobs import model_catalog


def describe(training: TrialTraining) -> ModelDescription:
    hyperparameters = training.hyperparameters
    return ModelDescription(
        model_name=hyperparameters.model_name,
        timm_name=model_catalog.timm_name(hyperparameters.model_name),
        class_names=training.data.class_names,
        mean=training.built.mean,
        std=training.built.std,
        validation_crop_size=hyperparameters.validation_crop_size,
        validation_resize_size=hyperparameters.validation_resize_size,
        epoch=training.epoch,
        head=(
            "nearest_neighbours" if hyperparameters.method == "k_nearest_neighbours" else "linear"
        ),
    )


def save(folder: Path, training: TrialTraining, predictions: Predictions) -> None:
    """`model.safetensors`, `model.json` and `predictions.parquet` of the model as it stands."""
    save_model(folder, training)
    store.save_predictions(folder / "predictions.parquet", predictions)


def save_model(folder: Path, training: TrialTraining) -> None:
    """`model.safetensors` and `model.json`."""
    folder.mkdir(exist_ok=True)
    weights = {
        name: tensor.detach().cpu().contiguous()
        for name, tensor in training.scored_network.network.state_dict().items()
    }
    save_file(weights, folder / "model.safetensors")
    store.write_text(folder / "model.json", describe(training).model_dump_json(indent=1))


def epoch_folder(epoch: int) -> str:
    """Of a model that is kept whatever its score."""
    return f"epoch-{epoch:04d}"


def load(folder: Path) -> tuple[Normalised, ModelDescription]:
    """The model with its normalisation in front, ready to evaluate, and its description."""
    description = ModelDescription.model_validate_json((folder / "model.json").read_bytes())
    network = timm.create_model(
        description.timm_name.partition(".")[0],
        pretrained=False,
        num_classes=len(description.class_names),
        exportable=True,
    )
    weights = load_file(folder / "model.safetensors")
    if description.head == "nearest_neighbours":
        layer = floor.empty_neighbours(weights, len(description.class_names))
        floor.replace_head(network, layer)
    network.load_state_dict(weights)
    return Normalised(network, description.mean, description.std).eval(), description
