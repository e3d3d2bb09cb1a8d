"""A trained model as an ONNX file, which several formats contain."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from automl.errors import ExportError
from automl.export import onnx_input
from automl.export.trained_model import Answers, TrainedModel
from automl.host.cores import usable_cores
from automl.model import familiarity, onnx_conversion
from automl.prediction.inference import Failure, Predictor

_MAX_BYTES = 2_000_000_000  # the limit of a protobuf file


def write(folder: Path, model: TrainedModel) -> None:
    """Write `model.onnx`, `labels.json` and `settings.json`.

    Raises:
        ExportError: the model is larger than an ONNX file can be.
    """
    write_model(folder / "model.onnx", model)
    model.write_settings(folder, model.onnx_normalization)


def write_model(path: Path, model: TrainedModel, *, normalises: bool | None = None) -> None:
    """Write the ONNX file: `input1`, float (B, 3, H, W), to `output1`, logits (B, classes).

    `distance` (B,) is that to the nearest training picture, if the training pictures can be read.

    Args:
        path: the file to write; its metadata say what the input is.
        model: the trial's model.
        normalises: put the normalisation into the file; if left out, the trial's
            `enable_onnx_normalization` decides.

    Raises:
        ExportError: the model is larger than an ONNX file can be.
    """
    if model.size_bytes() > _MAX_BYTES:
        raise ExportError(
            f"The model has {model.size_bytes() / 1e9:.1f} GB of weights, and an ONNX file holds "
            "at most 2 GB. Take --format weights or torch."
        )
    if normalises is None:
        normalises = model.onnx_normalization is None
    network = model.network if normalises else model.network.network
    said = onnx_input.metadata(model, normalises=normalises)
    reference = model.reference
    if reference is None:
        onnx_conversion.convert(network, model.example(), path, said)
        return
    with familiarity.watched(model.network.network) as seen:
        judged = familiarity.Judged(network, seen, reference.bank).eval()
        outputs = ("output1", "distance")
        onnx_conversion.convert(judged, model.example(), path, said, outputs=outputs)


def answers(folder: Path) -> Answers:
    """Return the answers of the pages, the command line and the server for a written model."""
    predictor = Predictor(folder, num_threads=usable_cores())  # all cores for one picture

    def answer(path: Path) -> NDArray[np.float32]:
        (prediction,) = predictor.predict([path])
        if isinstance(prediction, Failure):
            raise ExportError(f"{path}: {prediction.message}")
        probabilities = prediction.probabilities
        return np.array([probabilities[label] for label in predictor.labels], np.float32)

    return answer
