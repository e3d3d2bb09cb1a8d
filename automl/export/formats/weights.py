"""Weights in the layout of timm and the Hugging Face Hub: `timm.create_model('local-dir:…')`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from automl.errors import ExportError
from automl.export.formats import Format
from automl.texts import mark

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from automl.export.trained_model import Answers, TrainedModel


def write(folder: Path, model: "TrainedModel") -> "Answers":
    """Write `model.safetensors`, `config.json`, labels, settings and the modules of preprocessing.

    Raises:
        ExportError: the model has a layer that timm does not have.
    """
    from timm.models import save_for_hf

    from automl.export import standalone

    description = model.description
    if description.parts:
        raise ExportError(
            f"{model.trial.trial_id} is made of {description.composition}, and timm lays out one "
            "plain network. Take --format onnx, bundle or torch."
        )
    if description.head != "linear":
        raise ExportError(
            f"{model.trial.trial_id} is a vote of nearest neighbours, which timm has no layer "
            "for. Take --format onnx, bundle or torch."
        )
    side = description.validation_crop_size
    save_for_hf(
        model.network.network,
        str(folder),
        model_config={"label_names": description.class_names},
        safe_serialization=True,
        data_config={
            "input_size": (3, side, side),
            "mean": description.mean,
            "std": description.std,
            "crop_pct": side / description.validation_resize_size,
            "interpolation": "bilinear",
            "crop_mode": "center",
        },
    )
    _let_transformers_read(folder / "config.json")
    model.write_settings(folder, model.normalization)
    standalone.copy_preprocessing(folder)
    standalone.write_requirements(
        folder, "torch", "torchvision", "timm", "safetensors", *model.picture_packages()
    )
    return _answers(folder, model)


def _let_transformers_read(path: Path) -> None:
    """Leave the number of classes to the top level of `config.json`.

    timm reads it there, and `TimmWrapper` of transformers passes it on by itself.
    """
    config = json.loads(path.read_text("utf-8"))
    config.get("model_args", {}).pop("num_classes", None)
    path.write_text(json.dumps(config, indent=2, ensure_ascii=False), "utf-8")


def _answers(folder: Path, model: "TrainedModel") -> "Answers":
    """Return the answers of the network that timm builds from the folder."""
    import numpy as np
    import timm
    import torch
    from timm.data import resolve_model_data_config

    from automl.dataset.preprocessing import model_input

    network = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    config = resolve_model_data_config(network)

    def answer(path: Path) -> "NDArray[np.float32]":
        pixels = model_input(model.preprocessed(path)[None], config)
        with torch.inference_mode():
            return np.asarray(model.probabilities(network(torch.from_numpy(pixels)))[0])

    return answer


FORMAT = Format(
    title=mark("Weights"),
    description=mark("safetensors and config.json as timm and the Hugging Face Hub lay them out."),
    order=40,
    write=write,
    usage="""\
```python
import timm
model = timm.create_model("local-dir:THIS FOLDER", pretrained=True).eval()
```

or, with transformers: `pipeline("image-classification", model="THIS FOLDER")`; a model of
several labels a picture needs `function_to_apply="sigmoid"` there.

`load_preprocessed` of `preprocessing.py` (short side {resize} px, crop {side} px,
`rendering` of `settings.json`) and its
`model_input` prepare a picture exactly as it was prepared here. The transforms of timm and
transformers resize by other rules, do not turn pictures upright by EXIF and know nothing of
`rendering`: a few answers differ. `requirements.txt` has the versions.""",
)
