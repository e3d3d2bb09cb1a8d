"""PyTorch program: made by `torch.export`, runs with torch alone, on batches of any size."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

from automl.export.formats import Format
from automl.texts import mark

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from automl.export.trained_model import Answers, TrainedModel


def write(folder: Path, model: "TrainedModel") -> "Answers":
    """Write `model.pt2`, `labels.json`, `settings.json`, `preprocessing.py`, `rendering.py`.

    The program takes pixels (B, 3, H, W) of 0 to 1 and returns logits.
    """
    import torch

    from automl.export import standalone

    program = torch.export.export(
        model.network, (model.example(),), dynamic_shapes=({0: torch.export.Dim("batch")},)
    )
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # it names the folders of this machine
    content = io.BytesIO()  # on a full disk torch would abort the process
    torch.export.save(program, content)
    (folder / "model.pt2").write_bytes(content.getbuffer())
    model.write_settings(folder, None)
    standalone.copy_preprocessing(folder)
    standalone.write_requirements(folder, "torch", *model.picture_packages())
    return _answers(folder, model)


def _answers(folder: Path, model: "TrainedModel") -> "Answers":
    import numpy as np
    import torch

    from automl.dataset.preprocessing import model_input

    network = torch.export.load(folder / "model.pt2").module()

    def answer(path: Path) -> "NDArray[np.float32]":
        pixels = torch.from_numpy(model_input(model.preprocessed(path)[None]))
        with torch.inference_mode():
            return np.asarray(model.probabilities(network(pixels))[0])

    return answer


FORMAT = Format(
    title=mark("PyTorch program"),
    description=mark("A torch.export program (.pt2) that runs with torch alone."),
    order=50,
    write=write,
    usage="""\
```python
import json, torch
from preprocessing import load_preprocessed, model_input
from rendering import Rendering
model = torch.export.load("model.pt2").module()
how = Rendering(**json.load(open("settings.json"))["rendering"])
picture = open("picture.jpg", "rb")
pixels = load_preprocessed(picture, resize_size={resize}, crop_size={side}, rendering=how)
print(model(torch.from_numpy(model_input(pixels[None]))).{link})
```

`requirements.txt` has the versions of torch, and of numpy and Pillow for the picture.""",
)
