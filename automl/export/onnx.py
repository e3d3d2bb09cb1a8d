"""A trained model as ONNX: pixels in, logits out; the normalisation inside, unless asked not to."""

import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from automl.errors import ExportError
from automl.export.trained_model import Answers, TrainedModel
from automl.host.cores import usable_cores

OPSET = 23
_MAX_BYTES = 2_000_000_000  # of a protobuf file


def write(folder: Path, model: TrainedModel) -> Answers:
    """`model.onnx`, `labels.json` and `settings.json`."""
    write_model(folder / "model.onnx", model)
    model.write_settings(folder, model.onnx_normalization)
    return answers(folder)


def write_model(path: Path, model: TrainedModel) -> None:
    """`input1`, float (batch, 3, H, W), to `output1`, logits (batch, classes)."""
    if model.size_bytes() > _MAX_BYTES:
        raise ExportError(
            f"The model has {model.size_bytes() / 1e9:.1f} GB of weights, and an ONNX file holds "
            "at most 2 GB. Take --format weights or torch."
        )
    is_inside = model.onnx_normalization is None
    convert(model.network if is_inside else model.network.network, model.example(), path)


def convert(network: torch.nn.Module, example: torch.Tensor, path: Path) -> None:
    """example: pixels (B, 3, H, W) of two pictures or more; any number is taken afterwards."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        torch.onnx.export(
            network,
            (example,),
            path,
            input_names=["input1"],
            output_names=["output1"],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )


def answers(folder: Path) -> Answers:
    """Those of the Predict page, the command line and the server."""
    from automl.prediction.inference import Failure, Predictor

    predictor = Predictor(folder, num_threads=usable_cores())  # one picture at a time

    def answer(path: Path) -> NDArray[np.float32]:
        (found,) = predictor.predict([path])
        if isinstance(found, Failure):
            raise ExportError(f"{path}: {found.message}")
        return np.array([found.probabilities[label] for label in predictor.labels], np.float32)

    return answer
