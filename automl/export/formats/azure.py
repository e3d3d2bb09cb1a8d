"""Azure layout: the files of a trial under the paths that Azure's scripts and documents use."""

import io
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from automl.export.formats import Format
from automl.texts import mark

if TYPE_CHECKING:
    from automl.export.trained_model import Answers, TrainedModel


def write(folder: Path, model: "TrainedModel") -> "Answers":
    """Write `outputs/` with the MLflow model, the checkpoint and the scoring script, and
    `train_artifacts/` with the ONNX model and its labels.

    Azure's published client of the ONNX model normalises the pixels itself, so the model in
    `train_artifacts/` does not, unless the trial asks for `enable_onnx_normalization`.
    """
    from automl.export import onnx_model, standalone
    from automl.export.formats import mlflow

    outputs, artifacts = folder / "outputs", folder / "train_artifacts"
    outputs.mkdir()
    artifacts.mkdir()
    answers = mlflow.write(outputs / "mlflow-model", model)
    _write_checkpoint(outputs / "model.pt", model)
    standalone.copy("scoring_file_v_1_0_0.py", outputs)
    standalone.copy("scoring_request.py", outputs)
    standalone.copy_preprocessing(outputs)
    _write_environment(outputs / "conda_env_v_1_0_0.yml", model.picture_packages())
    is_inside = model.trial.hyperparameters.get("enable_onnx_normalization") is True
    onnx_model.write_model(artifacts / "model.onnx", model, normalises=is_inside)
    shutil.copyfile(outputs / "model.pt", artifacts / "model.pt")
    model.write_settings(artifacts, None if is_inside else model.normalization)
    _write_metrics(outputs / "metrics.json", model)
    return answers


def _write_checkpoint(path: Path, model: "TrainedModel") -> None:
    """Write the weights and the model's description; loads with `weights_only=True`."""
    import torch

    described = model.description.model_dump(mode="json")
    content = io.BytesIO()  # on a full disk torch would abort the process
    torch.save({**described, "state_dict": model.network.network.state_dict()}, content)
    path.write_bytes(content.getbuffer())


def _write_metrics(path: Path, model: "TrainedModel") -> None:
    """Write the metrics of the trial under Azure's names, with its charts in Azure's JSON."""
    import json

    from automl.evaluation import azure_metrics

    best = model.trial.best_evaluation()
    assert best is not None  # a trial without one cannot be exported
    found = azure_metrics.summary(best.metrics, model.recorded, model.description.class_names)
    path.write_text(json.dumps(found, ensure_ascii=False, indent=1), "utf-8")


def _write_environment(path: Path, picture_packages: list[str]) -> None:
    import yaml

    from automl.export import standalone

    # the server that Azure's deployments run the scoring script in
    packages = ["azureml-inference-server-http>=1.4"]
    packages += standalone.requirements("onnxruntime", *picture_packages)
    content = {
        "name": "image-classification",
        "channels": ["conda-forge"],
        "dependencies": ["python=3.11", "pip", {"pip": packages}],
    }
    path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")


FORMAT = Format(
    title=mark("Azure layout"),
    description=mark("The files of an Azure AutoML trial, where its scripts look for them."),
    order=60,
    write=write,
    packages=("onnx", "onnxscript", "mlflow"),
    extra="mlflow",
    library="mlflow",
    usage="""\
`outputs/mlflow-model` is the model that Azure registers and deploys;
`outputs/scoring_file_v_1_0_0.py` and `train_artifacts/` are for a deployment of your own.

`train_artifacts/model.onnx` follows Azure's convention: the caller normalises the pixels, as
Azure's published client does, with `normalization` of `train_artifacts/settings.json`. With
`enable_onnx_normalization: true` in the job the model does it, and `normalization` is null. The
metadata of the file say which.""",
)
