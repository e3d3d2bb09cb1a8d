"""A trained model as an ONNX file, which several formats contain."""

import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from automl.errors import ExportError
from automl.export import onnx_input
from automl.export.trained_model import Answers, TrainedModel
from automl.host.cores import usable_cores
from automl.prediction.inference import Failure, Predictor

OPSET = 23
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
    convert(network, model.example(), path, said)


def convert(
    network: torch.nn.Module,
    example: torch.Tensor,
    path: Path,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Convert a network.

    Args:
        network: in evaluation mode.
        example: pixels (B, 3, H, W) of at least two pictures. The ONNX model takes any number.
        path: the file to write.
        metadata: properties of the file, for its users.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations within torch's exporter
        program = torch.onnx.export(
            network,
            (example,),
            input_names=["input1"],
            output_names=["output1"],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
        assert program is not None  # with dynamo
        program.model.metadata_props.update(metadata or {})
        program.save(path, external_data=False)


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
