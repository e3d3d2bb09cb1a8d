"""ONNX: one file with labels and settings, for ONNX Runtime."""

from pathlib import Path
from typing import TYPE_CHECKING

from automl.export.formats import Format
from automl.texts import mark

if TYPE_CHECKING:
    from automl.export.trained_model import Answers, TrainedModel


def write(folder: Path, model: "TrainedModel") -> "Answers":
    """Write `model.onnx`, `labels.json` and `settings.json`."""
    from automl.export import onnx_model

    onnx_model.write(folder, model)
    return onnx_model.answers(folder)


FORMAT = Format(
    title="ONNX",
    description=mark("One file that runs anywhere with ONNX Runtime, with labels and settings."),
    order=10,
    write=write,
    packages=("onnx", "onnxscript"),
    library="onnx",
    has_int8=True,
    usage="""\
`model.onnx` takes `input1`, float (batch, 3, {side}, {side}), RGB{scale}, and returns `output1`,
logits in the order of `labels.json`. The picture is turned upright and converted to RGB, its short
side is resized to {resize} px and the centre cropped to {side} px. The formats `bundle` and
`mlflow` contain a program that does this; `automl predict` does it as well.""",
)
