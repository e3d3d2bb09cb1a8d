from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file

from automl.experiments import store
from automl.model.network import Normalised
from tests.model_files import describe

CLASSES = ["blue", "green", "red"]
SIDES = {"test_resnet": 64, "test_vit": 160, "test_efficientnet": 64, "mobilenetv2_035": 64}


def network(name: str) -> torch.nn.Module:
    torch.manual_seed(3)
    found = timm.create_model(name, num_classes=len(CLASSES), exportable=True).eval()
    # timm's new heads are so small that the answer would hardly depend on the picture
    torch.nn.init.normal_(found.get_classifier().weight, std=0.3)
    return found


@pytest.fixture
def make_model() -> Callable[[str], Normalised]:
    """An untrained model of one of timm's architectures."""

    def make(name: str) -> Normalised:
        model = Normalised(network(name), (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)).eval()
        return model.requires_grad_(False)

    return make


@pytest.fixture
def make_pixels() -> Callable[[str], np.ndarray]:
    """A square on noise, as large as an architecture takes it."""

    def make(name: str) -> np.ndarray:
        side = SIDES[name]
        pixels = np.random.default_rng(1).integers(0, 80, (side, side, 3), dtype=np.uint8)
        pixels[side // 4 : side // 2, side // 4 : side // 2] = (250, 120, 10)
        return pixels

    return make


@pytest.fixture
def explained(make_experiment, make_trial, make_pixels, tmp_path) -> tuple[Path, Path]:
    """An experiment whose t1 has a checkpoint, and a picture."""
    directory = make_experiment(trials=[make_trial("t1", [0.9])], best_trial="t1", best_score=0.9)
    folder = store.checkpoint_dir(directory, "t1")
    describe(folder, "test_resnet", CLASSES)
    save_file(network("test_resnet").state_dict(), folder / "model.safetensors")
    path = tmp_path / "picture.png"
    Image.fromarray(make_pixels("test_resnet")).save(path)
    return directory, path
