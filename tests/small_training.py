from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from automl.dataset import manifest
from automl.jobs.compatibility import resolve
from automl.jobs.data_source import DataSource
from automl.jobs.hyperparameters import Hyperparameters
from automl.jobs.job import Job
from automl.training import trial_data
from automl.training.trial_data import TrialData

if TYPE_CHECKING:
    from automl.training.trial_training import TrialTraining

TINY = {
    "model_name": "test_resnet",
    "pretrained": "never",
    "training_crop_size": 32,
    "training_batch_size": 16,
    "validation_batch_size": 16,
    "number_of_epochs": 3,
    "learning_rate": 0.005,
    "optimizer": "adamw",
    "warmup_cosine_lr_warmup_epochs": 0,
}


@pytest.fixture(scope="session")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 pictures of 3 colours on noise: anything that learns at all learns them."""
    root = tmp_path_factory.mktemp("shapes")
    rng = np.random.default_rng(0)
    for index, name in enumerate(("blue", "green", "red")):
        (root / name).mkdir()
        for number in range(20):
            pixels = rng.integers(0, 120, size=(36, 48, 3), dtype=np.uint8)
            pixels[8:28, 10:38, 2 - index] = 220
            Image.fromarray(pixels).save(root / name / f"{number}.png")
    return root


@pytest.fixture
def tiny_data(shapes: Path) -> TrialData:
    return make_data(shapes, resolve(TINY))


def make_data(folder: Path, hyperparameters: Hyperparameters) -> TrialData:
    return _data(Job(training_data=DataSource(path=folder)), hyperparameters)


def train(job: Job) -> "TrialTraining":
    """The job's trial in this process, before its first epoch."""
    import torch

    from automl.training.trial_training import Placement, TrialTraining

    asked = resolve(job.training_parameters)
    return TrialTraining(asked, _data(job, asked), Placement(torch.device("cpu"), num_threads=1))


def _data(job: Job, hyperparameters: Hyperparameters) -> TrialData:
    (data,) = trial_data.prepare(
        manifest.build(job), [hyperparameters], progress=lambda *_: None
    ).values()
    return data


@pytest.fixture(scope="session")
def weights_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights folder that holds test_resnet, as timm lays such folders out."""
    import timm
    import torch
    from safetensors.torch import save_file

    root = tmp_path_factory.mktemp("weights")
    (root / "test_resnet").mkdir()
    torch.manual_seed(7)
    network = timm.create_model("test_resnet", num_classes=10)
    save_file(network.state_dict(), root / "test_resnet" / "model.safetensors")
    (root / "test_resnet" / "config.json").write_text(
        '{"architecture": "test_resnet", "num_classes": 10, "pretrained_cfg": '
        '{"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25], "input_size": [3, 64, 64], '
        '"first_conv": "conv1", "classifier": "fc", "num_classes": 10}}'
    )
    return root
