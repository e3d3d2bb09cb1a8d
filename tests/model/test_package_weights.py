"""The weights that are installed with the program: found, converted once, and the real ones."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from sklearn.datasets import load_sample_image

from automl.host import home
from automl.model import package_weights, weights_folder, weights_import

pytestmark = pytest.mark.usefixtures("converted_weights")
NAME = "tf_efficientnet_lite0.in1k"
DAISY = 985
"""Index of the class in ImageNet."""


def test_a_damaged_copy_is_made_again_by_one_of_those_who_need_it(
    converted_weights: Path,
) -> None:
    """The first test, because a conversion takes seconds: the others use what it leaves."""
    damaged = home.cache_dir("weights") / "tf_efficientnet_lite0-579344248a93e230"
    damaged.mkdir(exist_ok=True)
    for name in ("config.json", "model.safetensors"):
        (damaged / name).write_text("{")
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(package_weights.folder, [NAME, "tf_efficientnet_lite0"]))
    assert found == [damaged, damaged]
    assert weights_folder.is_intact(damaged)
    assert [path.name for path in converted_weights.iterdir()] == [damaged.name]


def test_the_package_has_the_weights_and_is_not_imported() -> None:
    found = package_weights.checkpoint(NAME)
    assert found is not None
    assert found.name == "efficientnet-lite0-57934424.pth"
    assert package_weights.PACKAGES["tf_efficientnet_lite0"] not in sys.modules


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0.other", "resnet18.tv_in1k", "resnet18"])
def test_no_package_has_other_weights(name: str) -> None:
    assert package_weights.folder(name) is None


def test_a_package_that_is_not_installed_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package_weights, "PACKAGES", {"tf_efficientnet_lite0": "not_installed"})
    assert package_weights.folder(NAME) is None


def test_timm_recognises_a_daisy_with_them() -> None:
    folder = package_weights.folder(NAME)
    assert folder is not None
    network = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    config = weights_folder.configuration(folder)
    assert config["license"] == "apache-2.0"
    picture = Image.fromarray(load_sample_image("flower.jpg")).resize((341, 256))
    pixels = np.asarray(picture.crop((58, 16, 282, 240)), dtype=np.float32) / 255
    normalised = (pixels - np.float32(config["mean"])) / np.float32(config["std"])
    with torch.inference_mode():
        answer = network(torch.from_numpy(normalised).permute(2, 0, 1)[None])
    assert int(answer.argmax()) == DAISY


def test_a_file_of_another_network_is_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save({"fc.weight": torch.zeros(3, 3)}, tmp_path / "other.pth")
    arguments = (str(tmp_path / "other.pth"), "tf_efficientnet_lite0", "somewhere")
    assert weights_import.main(*arguments, str(tmp_path / "target")) == 1
    assert "not those of tf_efficientnet_lite0" in capsys.readouterr().err
    assert not (tmp_path / "target").exists()
