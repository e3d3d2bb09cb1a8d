"""Mean and standard deviation of weights are measured with pictures, and wrong ones are told."""

import json
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from timm.models import save_for_hf
from torch import nn
from typer.testing import CliRunner

from automl.cli import cli
from automl.model import network, package_weights, weights_normalisation
from automl.model.weights_normalisation import USUAL


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Smooth pictures of the brightness and contrast of photos, and a file that is none."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for index in range(20):
        coarse = rng.normal((124, 116, 104), 62, (9, 9, 3)).clip(0, 255).astype(np.uint8)
        Image.fromarray(coarse).resize((224, 224), Image.Resampling.BICUBIC).save(
            folder / f"{index}.png"
        )
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture
def weights(tmp_path: Path, photos: Path) -> Path:
    """A network whose batch norms have seen the photos normalised as ImageNet's are."""
    torch.manual_seed(0)
    made = timm.create_model("test_resnet", num_classes=2)
    for module in made.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        network.Normalised(made, *USUAL["ImageNet's"]).train()(weights_normalisation.read(photos))
    folder = tmp_path / "weights" / "test_resnet"
    save_for_hf(made, str(folder), safe_serialization=True)
    return folder


@pytest.mark.parametrize("name", USUAL)
def test_the_way_that_the_weights_were_trained_with_is_found(
    name: str, photos: Path, weights: Path
) -> None:
    fit = weights_normalisation.measure(weights, weights_normalisation.read(photos), USUAL[name])
    assert fit is not None
    assert min(fit.usual, key=lambda way: fit.usual[way]) == "ImageNet's"
    # these two are nearly the same
    assert fit.better == (None if name in ("ImageNet's", "CLIP's") else "ImageNet's")


def test_a_network_without_batch_norms_is_not_measured(tmp_path: Path, photos: Path) -> None:
    save_for_hf(timm.create_model("test_vit", num_classes=2), str(tmp_path / "vit"))
    pixels = weights_normalisation.read(photos)[:, :, :160, :160]
    assert weights_normalisation.measure(tmp_path / "vit", pixels, USUAL["CLIP's"]) is None


@pytest.mark.usefixtures("converted_weights")
def test_weights_of_the_package_expect_what_they_state(photos: Path) -> None:
    folder = package_weights.folder("tf_efficientnet_lite0")
    assert folder is not None
    fit = weights_normalisation.measure(
        folder, weights_normalisation.read(photos), USUAL["Inception's"]
    )
    assert fit is not None
    assert fit.better is None
    assert fit.usual["Inception's"] < min(fit.usual["ImageNet's"], fit.usual["CLIP's"])


def test_check_warns_of_a_normalisation_that_does_not_fit(
    photos: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOML_WEIGHTS_DIR", str(weights.parent))
    stated = json.loads((weights / "config.json").read_text())

    def said(mean: float, std: float) -> str:
        config = stated | {"pretrained_cfg": {"mean": [mean] * 3, "std": [std] * 3}}
        (weights / "config.json").write_text(json.dumps(config))
        return CliRunner().invoke(cli, ["weights", "check", "--pictures", str(photos)]).stdout

    assert "Warning: measured on 20 pictures" in said(0.0, 1.0)
    assert "ImageNet's: mean [0.485, 0.456, 0.406]" in said(0.0, 1.0)
    assert "mean and std fit the weights" in said(0.45, 0.23)


def test_a_folder_without_pictures_is_refused_in_a_sentence(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["weights", "check", "--pictures", str(tmp_path)])
    assert done.exit_code == 2
    assert "has no picture that can be read" in done.stderr
