"""Azure's scoring script: `init` once, then `run` for every request.

AZUREML_MODEL_DIR is a folder with model.onnx or train_artifacts/model.onnx somewhere below it.
"""

import json
import os
from pathlib import Path
from typing import Any

import onnxruntime

from automl.dataset.preprocessing import from_base64, load_preprocessed, model_input, softmax
from automl.dataset.rendering import Rendering

model: dict[str, Any] = {}


def init() -> None:
    """Load the model."""
    folder = Path(os.environ["AZUREML_MODEL_DIR"])
    (path,) = sorted(folder.glob("**/train_artifacts/model.onnx")) or sorted(
        folder.glob("**/model.onnx")
    )
    model["session"] = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    model["labels"] = json.loads(path.with_name("labels.json").read_text("utf-8"))
    model["settings"] = json.loads(path.with_name("settings.json").read_text("utf-8"))


def run(raw_data: str) -> list[dict[str, Any]]:
    """Return one answer for each picture of a request body."""
    rows = json.loads(raw_data)["input_data"]["data"]
    return [_answer(row if isinstance(row, str) else row[0]) for row in rows]


def _answer(text: str) -> dict[str, Any]:
    settings = model["settings"]
    pixels = load_preprocessed(
        from_base64(text),
        resize_size=settings["validation_resize_size"],
        crop_size=settings["validation_crop_size"],
        rendering=Rendering(**settings["rendering"]),
    )
    batch = model_input(pixels[None], settings["normalization"])
    (logits,) = model["session"].run(["output1"], {"input1": batch})
    return {"probs": softmax(logits)[0].tolist(), "labels": model["labels"]}
