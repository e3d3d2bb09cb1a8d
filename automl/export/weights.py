"""Weights as timm and the Hugging Face Hub lay them out: `timm.create_model('local-dir:…')`."""

from pathlib import Path

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from timm.data import resolve_model_data_config
from timm.models import save_for_hf

from automl.dataset.preprocessing import model_input
from automl.errors import ExportError
from automl.export import standalone
from automl.export.trained_model import Answers, TrainedModel


def write(folder: Path, model: TrainedModel) -> Answers:
    """`model.safetensors`, `config.json`, and what prepares pictures exactly as we do."""
    description = model.description
    if description.head != "linear":
        raise ExportError(
            f"{model.trial.trial_id} is a vote of nearest neighbours, which timm has no layer "
            "for. Take --format onnx, bundle or torch."
        )
    side = description.validation_crop_size
    save_for_hf(
        model.network.network,
        str(folder),
        model_config={"label_names": description.class_names},
        safe_serialization=True,
        data_config={
            "input_size": (3, side, side),
            "mean": description.mean,
            "std": description.std,
            "crop_pct": side / description.validation_resize_size,
            "interpolation": "bilinear",
            "crop_mode": "center",
        },
    )
    model.write_settings(folder, model.normalization)
    standalone.copy_preprocessing(folder)
    return _answers(folder, model)


def _answers(folder: Path, model: TrainedModel) -> Answers:
    """Those of the network as timm builds it from the folder."""
    network = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    config = resolve_model_data_config(network)

    def answer(path: Path) -> NDArray[np.float32]:
        pixels = model_input(model.preprocessed(path)[None], config)
        with torch.inference_mode():
            probabilities: NDArray[np.float32] = network(torch.from_numpy(pixels)).softmax(1)[0]
        return np.asarray(probabilities)

    return answer
