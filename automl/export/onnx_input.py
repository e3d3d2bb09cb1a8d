"""The input that an ONNX model expects: written into the file, and proved on pictures."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from automl.dataset.preprocessing import model_input
from automl.export.parity_report import TOLERANCE, InputConvention
from automl.export.trained_model import TrainedModel

_NUM_PICTURES = 16
_KEY = "normalization"


def metadata(model: TrainedModel, *, normalises: bool) -> dict[str, str]:
    """Return what callers of an ONNX model have to know about its input, for its metadata.

    Args:
        model: the model in the file.
        normalises: the mean and the standard deviation are taken off inside of the file.
    """
    description = model.description
    return {
        "input_layout": "NCHW",
        "input_colour_order": "RGB",
        "input_size": str(description.validation_crop_size),
        "resize_size": str(description.validation_resize_size),
        "input_range": "0 to 1" if normalises else "0 to 1, then (value - mean) / std",
        _KEY: "inside" if normalises else "outside",
        "mean": json.dumps(description.mean),
        "std": json.dumps(description.std),
    }


def convention(folder: Path, model: TrainedModel, paths: Sequence[Path]) -> InputConvention | None:
    """Feed pictures both ways, as values of 0 to 1 and normalised, and say which one is right.

    Args:
        folder: the artefact; None is returned if it holds no ONNX file.
        model: the trial's own model.
        paths: pictures.
    """
    files = sorted(folder.rglob("model.onnx"), key=lambda path: "train_artifacts" not in path.parts)
    if not files:
        return None
    session = onnxruntime.InferenceSession(files[0], providers=["CPUExecutionProvider"])
    place = session.get_modelmeta().custom_metadata_map[_KEY]
    pixels = [model.preprocessed(path)[None] for path in paths[:_NUM_PICTURES]]
    own = [model(path) for path in paths[:_NUM_PICTURES]]

    def agreement(normalization: dict[str, list[float]] | None = None) -> float:
        """Share of the pictures whose probabilities are those of the trial's own model."""
        inputs = (model_input(one, normalization) for one in pixels)
        logits = [session.run(["output1"], {"input1": one})[0] for one in inputs]
        found = model.probabilities(torch.from_numpy(np.concatenate(logits)))
        return float((np.abs(found - np.stack(own)) <= TOLERANCE).all(axis=1).mean())

    return InputConvention(
        file=files[0].relative_to(folder).as_posix(),
        normalization="inside" if place == "inside" else "outside",
        agreement_of_0_to_1=agreement(),
        agreement_of_normalised=agreement(model.normalization),
    )
