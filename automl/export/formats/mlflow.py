"""MLflow: a pyfunc model whose code is a file, not a pickle.

Its columns and the names of its artefacts are those of Azure's image models.
"""

import base64
import dataclasses
import io
import json
import os
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl.export.formats import Format
from automl.texts import mark

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from automl.export.trained_model import Answers, TrainedModel

_REQUIREMENTS = ("mlflow", "onnxruntime", "pandas")


def write(folder: Path, model: "TrainedModel") -> "Answers":
    """Write `MLmodel`, its environment, the code, and the artefacts `model` and `settings`."""
    from automl.evaluation import unlike
    from automl.export import onnx_model, standalone

    mlflow = _mlflow()
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mlflow recommends type hints, which it would enforce
        parts = Path(scratch)
        onnx_model.write_model(parts / "model.onnx", model)
        _write_settings(parts / "settings.json", model)
        copied = [*standalone.copy_preprocessing(parts), standalone.copy_module(unlike, parts)]
        code = str(standalone.copy("mlflow_model.py", parts))
        with standalone.importable(parts):  # mlflow imports the code to check it
            mlflow.pyfunc.save_model(
                folder,
                python_model=code,
                code_paths=[str(path) for path in copied],
                artifacts={
                    "model": str(parts / "model.onnx"),
                    "settings": str(parts / "settings.json"),
                },
                signature=_signature(),
                input_example=_example(),
                pip_requirements=standalone.requirements(*_REQUIREMENTS, *model.picture_packages()),
            )
    _forget_places(folder / "MLmodel")
    return _answers(folder)


def _forget_places(path: Path) -> None:
    """Remove the folder that the parts were written to from `MLmodel`; it exists no more."""
    import yaml

    content = yaml.safe_load(path.read_text("utf-8"))
    flavour = content["flavors"]["python_function"]
    flavour["model_code_path"] = Path(flavour["model_code_path"]).name
    for part in flavour["artifacts"].values():
        part["uri"] = part["path"]
    path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")


def _example() -> Any:
    """A grey picture in the form of the input."""
    import pandas as pd
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (8, 8), (128, 128, 128)).save(file, "PNG")
    return pd.DataFrame({"image": [base64.b64encode(file.getvalue()).decode("ascii")]})


def _mlflow() -> Any:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # otherwise it reports every call
    import mlflow.pyfunc

    return mlflow


def _write_settings(path: Path, model: "TrainedModel") -> None:
    """Write the settings under Azure's names."""
    description = model.description
    settings: dict[str, Any] = {
        "labels": description.class_names,
        "has_label_sets": description.has_label_sets,
        "valid_resize_size": description.validation_resize_size,
        "valid_crop_size": description.validation_crop_size,
        "rendering": dataclasses.asdict(description.rendering),
        "normalization": model.onnx_normalization,
    }
    if model.reference is not None:
        settings["unlike"] = model.reference.settings()
    path.write_text(json.dumps(settings, ensure_ascii=False, indent=1), "utf-8")


def _signature() -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
    from mlflow.types.schema import Array

    return ModelSignature(
        inputs=Schema([ColSpec(DataType.string, "image")]),
        outputs=Schema(
            [ColSpec(Array(DataType.double), "probs"), ColSpec(Array(DataType.string), "labels")]
        ),
        params=ParamSchema([ParamSpec("false_alarms", DataType.double, 0.0)]),
    )


def _answers(folder: Path) -> "Answers":
    """Return the answers of the model as MLflow loads it; it gets the file as base64."""
    import numpy as np
    import pandas as pd

    loaded = _mlflow().pyfunc.load_model(str(folder))

    def answer(path: Path) -> "NDArray[np.float32]":
        text = base64.encodebytes(path.read_bytes()).decode("ascii")
        table = loaded.predict(pd.DataFrame({"image": [text]}))
        return np.array(table["probs"].iloc[0], np.float32)

    return answer


FORMAT = Format(
    title="MLflow",
    description=mark(
        "A pyfunc model for MLflow: pictures as base64 in, probabilities and labels out."
    ),
    order=30,
    write=write,
    packages=("onnx", "onnxscript", "mlflow"),
    extra="mlflow",
    library="mlflow",
    usage="""\
```python
import base64, mlflow, pandas
model = mlflow.pyfunc.load_model("THIS FOLDER")
text = base64.encodebytes(open("picture.jpg", "rb").read()).decode()
print(model.predict(pandas.DataFrame({{"image": [text]}})))
```

As a server: `mlflow models serve --model-uri THIS_FOLDER`.""",
)
