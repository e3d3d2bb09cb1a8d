"""The forms in which a trial's model can be taken away. No torch: the pages show them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from automl.errors import ExportError
from automl.host import extras

Progress = Callable[[str, float], None]
"""Told what is being done, and the share of the whole that is."""


@dataclass(frozen=True)
class Format:
    """One form.

    module: of `automl.export`, has `write`; needs: packages that must be there; extra: the one of
    ours that installs them.
    """

    title: str
    description: str
    module: str
    needs: tuple[str, ...] = ()
    extra: str = ""


FORMATS = {
    "onnx": Format(
        "ONNX",
        "One file that runs anywhere with ONNX Runtime, with labels and settings.",
        "onnx",
        ("onnx", "onnxscript"),
    ),
    "bundle": Format(
        "Bundle",
        "ONNX with a small program that answers for picture files, and a server in a Dockerfile.",
        "bundle",
        ("onnx", "onnxscript"),
    ),
    "mlflow": Format(
        "MLflow",
        "A pyfunc model for MLflow: pictures as base64 in, probabilities and labels out.",
        "mlflow_model",
        ("onnx", "onnxscript", "mlflow"),
        "mlflow",
    ),
    "weights": Format(
        "Weights",
        "safetensors and config.json as timm and the Hugging Face Hub lay them out.",
        "weights",
    ),
    "torch": Format(
        "PyTorch program",
        "A torch.export program (.pt2) that runs with torch alone.",
        "torch_program",
    ),
    "azure": Format(
        "Azure layout",
        "The files of an Azure AutoML trial, where its scripts look for them.",
        "azure_layout",
        ("onnx", "onnxscript", "mlflow"),
        "mlflow",
    ),
    "code": Format(
        "Code",
        "A program on torch and timm that trains this model again from the pictures.",
        "training_code",
    ),
}
INT8_FORMATS = ("onnx", "bundle")


def check(name: str, *, int8: bool) -> Format:
    """The format, if it can be written on this machine.

    Raises:
        ExportError: there is no such format, or a package that writes it is missing.
    """
    if name not in FORMATS:
        raise ExportError(f"{name!r} is not a format. There are {', '.join(FORMATS)}.")
    if int8 and name not in INT8_FORMATS:
        raise ExportError(f"int8 is for {' and '.join(INT8_FORMATS)}; {name} has no such form.")
    chosen = FORMATS[name]
    if sentence := extras.missing(f"The format {name} needs", chosen.needs, chosen.extra):
        raise ExportError(sentence)
    return chosen


def refuse_taken(target: Path) -> None:
    """Raises ExportError where there is something at the place already."""
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise ExportError(f"{target} is there already and not empty. Choose another --output.")
