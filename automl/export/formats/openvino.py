"""OpenVINO's own form of a model, for Intel's processors."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from automl.export.formats import Format
from automl.texts import mark

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from automl.export.trained_model import Answers, TrainedModel


def write(folder: Path, model: "TrainedModel") -> "Answers":
    """Write `model.xml` and `model.bin`, labels, settings and the modules of preprocessing.

    The weights keep their 32 bits. The metadata of the ONNX model are in the XML under `framework`.
    """
    import openvino

    from automl.export import onnx_model, standalone

    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "model.onnx"
        onnx_model.write_model(path, model)
        # not `convert_model`, which reports its use to OpenVINO's makers
        read = openvino.Core().read_model(path)
        openvino.save_model(read, folder / "model.xml", compress_to_fp16=False)
    model.write_settings(folder, model.onnx_normalization)
    standalone.copy_preprocessing(folder)
    standalone.write_requirements(folder, "openvino", *model.picture_packages())
    return _answers(folder, model)


def _answers(folder: Path, model: "TrainedModel") -> "Answers":
    import numpy as np
    import openvino

    from automl.dataset.preprocessing import model_input, probabilities_of

    # on some processors OpenVINO would choose 16 bits
    precise = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(folder / "model.xml", "CPU", precise)

    def answer(path: Path) -> "NDArray[np.float32]":
        pixels = model_input(model.preprocessed(path)[None], model.onnx_normalization)
        logits = compiled(pixels)["output1"]
        has_sets = model.description.has_label_sets
        return np.asarray(probabilities_of(logits, has_label_sets=has_sets)[0], np.float32)

    return answer


FORMAT = Format(
    title="OpenVINO",
    description=mark("OpenVINO's own form (model.xml and model.bin), for Intel's processors."),
    order=45,
    write=write,
    packages=("onnx", "onnxscript", "openvino"),
    extra="openvino",
    library="openvino",
    usage="""\
```python
import json, openvino
from preprocessing import load_preprocessed, model_input, probabilities_of
from rendering import Rendering
settings = json.load(open("settings.json"))
model = openvino.Core().compile_model("model.xml", "CPU", {{"INFERENCE_PRECISION_HINT": "f32"}})
picture, how = open("picture.jpg", "rb"), Rendering(**settings["rendering"])
pixels = load_preprocessed(picture, resize_size={resize}, crop_size={side}, rendering=how)
logits = model(model_input(pixels[None], settings["normalization"]))["output1"]
print(probabilities_of(logits, has_label_sets=settings["has_label_sets"]))
```

`requirements.txt` has the versions. Without the hint OpenVINO computes in 16 bits on processors
that can, which is faster and differs by rounding.""",
)
