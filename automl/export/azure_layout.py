"""The files of a trial where Azure's own scripts and documents look for them."""

import shutil
from pathlib import Path

import torch
import yaml

from automl.export import mlflow_model, standalone
from automl.export.trained_model import Answers, TrainedModel


def write(folder: Path, model: TrainedModel) -> Answers:
    """`outputs/` with the MLflow model, the checkpoint and the scoring script, `train_artifacts/`
    with the ONNX model and its labels."""
    outputs, artifacts = folder / "outputs", folder / "train_artifacts"
    outputs.mkdir()
    artifacts.mkdir()
    answers = mlflow_model.write(outputs / "mlflow-model", model)
    _write_checkpoint(outputs / "model.pt", model)
    standalone.copy("scoring_file_v_1_0_0.py", outputs)
    standalone.copy_preprocessing(outputs)
    _write_environment(outputs / "conda_env_v_1_0_0.yml")
    shutil.copyfile(outputs / "mlflow-model/artifacts/model.onnx", artifacts / "model.onnx")
    shutil.copyfile(outputs / "model.pt", artifacts / "model.pt")
    model.write_settings(artifacts, model.onnx_normalization)
    return answers


def _write_checkpoint(path: Path, model: TrainedModel) -> None:
    """Weights and what is needed to rebuild the model; loads with `weights_only=True`."""
    content = model.description.model_dump(mode="json")
    torch.save({**content, "state_dict": model.network.network.state_dict()}, path)


def _write_environment(path: Path) -> None:
    packages = standalone.requirements("onnxruntime", "numpy", "pillow")
    content = {
        "name": "image-classification",
        "channels": ["conda-forge"],
        "dependencies": ["python=3.11", "pip", {"pip": packages}],
    }
    path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
