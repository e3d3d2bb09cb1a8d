"""A pyfunc model for MLflow whose code is a file, not a pickle.

Columns and names of the artefacts are those of Azure's image models.
"""

import base64
import json
import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.export import onnx, standalone
from automl.export.trained_model import Answers, TrainedModel

_REQUIREMENTS = ("mlflow", "onnxruntime", "numpy", "pillow", "pandas")


def write(folder: Path, model: TrainedModel) -> Answers:
    """An MLflow model: `MLmodel`, its environment, the code, the artefacts model and settings."""
    mlflow = _mlflow()
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about type hints, which would limit what it takes
        parts = Path(scratch)
        onnx.write_model(parts / "model.onnx", model)
        _write_settings(parts / "settings.json", model)
        standalone.copy_preprocessing(parts)
        code = str(standalone.copy("mlflow_model.py", parts))
        with standalone.importable(parts):  # it is imported once, to see that it can be
            mlflow.pyfunc.save_model(
                folder,
                python_model=code,
                code_paths=[str(parts / "preprocessing.py")],
                artifacts={
                    "model": str(parts / "model.onnx"),
                    "settings": str(parts / "settings.json"),
                },
                signature=_signature(),
                pip_requirements=standalone.requirements(*_REQUIREMENTS),
            )
    return answers(folder)


def _mlflow() -> Any:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # it would report every call
    import mlflow.pyfunc

    return mlflow


def _write_settings(path: Path, model: TrainedModel) -> None:
    """Under Azure's names."""
    description = model.description
    settings = {
        "labels": description.class_names,
        "valid_resize_size": description.validation_resize_size,
        "valid_crop_size": description.validation_crop_size,
        "normalization": model.onnx_normalization,
    }
    path.write_text(json.dumps(settings, ensure_ascii=False, indent=1), "utf-8")


def _signature() -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema
    from mlflow.types.schema import Array

    return ModelSignature(
        inputs=Schema([ColSpec(DataType.string, "image")]),
        outputs=Schema(
            [ColSpec(Array(DataType.double), "probs"), ColSpec(Array(DataType.string), "labels")]
        ),
    )


def answers(folder: Path) -> Answers:
    """Those of the model as MLflow loads it, given the file as base64."""
    loaded = _mlflow().pyfunc.load_model(str(folder))

    def answer(path: Path) -> NDArray[np.float32]:
        text = base64.encodebytes(path.read_bytes()).decode("ascii")
        found = loaded.predict(pd.DataFrame({"image": [text]}))
        return np.array(found["probs"].iloc[0], np.float32)

    return answer
