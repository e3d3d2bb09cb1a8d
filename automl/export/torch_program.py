"""A `torch.export` program: runs with torch alone, on pixels in 0 to 1, in batches of any size."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from automl.dataset.preprocessing import model_input
from automl.export import standalone
from automl.export.trained_model import Answers, TrainedModel


def write(folder: Path, model: TrainedModel) -> Answers:
    """`model.pt2`, `labels.json`, `settings.json` and what prepares pictures exactly as we do."""
    program = torch.export.export(
        model.network, (model.example(),), dynamic_shapes=({0: torch.export.Dim("batch")},)
    )
    torch.export.save(program, folder / "model.pt2")
    model.write_settings(folder, None)
    standalone.copy_preprocessing(folder)
    return _answers(folder, model)


def _answers(folder: Path, model: TrainedModel) -> Answers:
    network = torch.export.load(folder / "model.pt2").module()

    def answer(path: Path) -> NDArray[np.float32]:
        pixels = torch.from_numpy(model_input(model.preprocessed(path)[None]))
        with torch.inference_mode():
            return np.asarray(network(pixels).softmax(1)[0])

    return answer
