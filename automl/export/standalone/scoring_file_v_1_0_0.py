"""Azure's scoring script: `init` once, then `run` for every request.

AZUREML_MODEL_DIR is a folder with model.onnx or train_artifacts/model.onnx somewhere below it.
A wrong request is answered with status 400 and {"detail": "a sentence"}.
"""

import json
import os
from pathlib import Path
from typing import Any

import onnxruntime

from automl.dataset.preprocessing import (
    UnreadablePicture,
    from_base64,
    load_preprocessed,
    model_input,
    probabilities_of,
)
from automl.dataset.rendering import Rendering
from automl.export.standalone.scoring_request import BadRequest, pictures

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


def run(raw_data: str) -> Any:
    """Return one answer for each picture of a request body."""
    try:
        texts = pictures(raw_data)
        return [_answer(text, number) for number, text in enumerate(texts, 1)]
    except BadRequest as error:
        return _refusal(error)


def _refusal(error: BadRequest) -> Any:
    """An answer with status 400; without Azure's server the error itself."""
    try:
        from azureml_inference_server_http.api.aml_response import AMLResponse
    except ImportError:
        raise error from None
    return AMLResponse({"detail": str(error)}, 400, json_str=True)


def _answer(text: str, number: int) -> dict[str, Any]:
    try:
        probs = _probabilities(text)
    except UnreadablePicture as error:
        raise BadRequest(f"Picture {number}: {error}") from None
    return {"probs": probs, "labels": model["labels"]}


def _probabilities(text: str) -> list[float]:
    settings = model["settings"]
    pixels = load_preprocessed(
        from_base64(text),
        resize_size=settings["validation_resize_size"],
        crop_size=settings["validation_crop_size"],
        rendering=Rendering(**settings["rendering"]),
    )
    batch = model_input(pixels[None], settings["normalization"])
    (logits,) = model["session"].run(["output1"], {"input1": batch})
    shares = probabilities_of(logits, has_label_sets=settings["has_label_sets"])[0]
    return [float(share) for share in shares]
