import time
from pathlib import Path

import pytest
import torch

from automl import errors
from automl.jobs.hyperparameters import Hyperparameters
from automl.model import pretrained_weights
from automl.model.network import build

TINY = {"model_name": "test_resnet"}
CLASSES = ["blue", "green", "red"]


@pytest.fixture(autouse=True)
def _no_memory() -> None:
    """Each test asks anew where weights are."""
    pretrained_weights.find.cache_clear()
    pretrained_weights._hub_answers.cache_clear()


def head(network: torch.nn.Module) -> torch.nn.Linear:
    classifier = network.get_classifier()  # type: ignore[operator]
    assert isinstance(classifier, torch.nn.Linear)
    return classifier


def test_local_weights_are_used_and_said(
    weights_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOML_WEIGHTS_DIR", str(weights_dir))
    built = build(Hyperparameters(**TINY), CLASSES)
    assert built.weights == str(weights_dir / "test_resnet")
    assert built.mean == (0.5, 0.5, 0.5)
    assert built.std == (0.25, 0.25, 0.25)
    assert built.notes == ["Started from pretrained weights of test_resnet."]
    other = build(Hyperparameters(**TINY), CLASSES).network.state_dict()
    same = [n for n, v in built.network.state_dict().items() if v.equal(other[n])]
    assert len(same) == len(other)


def test_a_name_with_a_tag_finds_the_folder_without_it(
    weights_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOML_WEIGHTS_DIR", str(weights_dir))
    assert pretrained_weights.find("test_resnet.r160_in1k") == weights_dir / "test_resnet"


def test_the_new_head_on_pretrained_weights_starts_at_zero(
    weights_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOML_WEIGHTS_DIR", str(weights_dir))
    classifier = head(build(Hyperparameters(**TINY), CLASSES).network)
    assert classifier.out_features == 3
    assert not classifier.weight.any()


def test_never_ignores_weights_that_are_there(
    weights_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOML_WEIGHTS_DIR", str(weights_dir))
    built = build(Hyperparameters(**TINY, pretrained="never"), CLASSES)
    assert built.weights == "random"
    assert built.notes == ["Trained from scratch, as asked."]


def test_auto_without_weights_trains_from_scratch_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pretrained_weights, "_HUB_HOST", "hub.invalid")
    built = build(Hyperparameters(model_name="test_resnet.r160_in1k"), CLASSES)
    assert built.weights == "random"
    assert built.notes[0].startswith("Trained from scratch: no pretrained weights")


def test_required_without_weights_fails_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained_weights, "_HUB_HOST", "hub.invalid")
    with pytest.raises(errors.WeightsMissingError, match="AUTOML_WEIGHTS_DIR/test_resnet/"):
        build(Hyperparameters(**TINY, pretrained="required"), CLASSES)


def test_a_hub_that_does_not_answer_costs_its_wait_once(monkeypatch: pytest.MonkeyPatch) -> None:
    # an address set aside for documentation: packets to it are lost
    monkeypatch.setattr(pretrained_weights, "_HUB_HOST", "192.0.2.1")
    monkeypatch.setattr(pretrained_weights, "HUB_WAIT_SECONDS", 0.3)
    started = time.monotonic()
    for name in ("test_resnet.r160_in1k", "test_vit.r160_in1k", "test_byobnet.r160_in1k"):
        assert pretrained_weights.find(name) is None
    assert time.monotonic() - started < 3


def test_freezing_more_blocks_than_there_are_is_refused_with_their_number() -> None:
    asked = Hyperparameters(**TINY, pretrained="never", layers_to_freeze=99)
    with pytest.raises(ValueError, match="layers_to_freeze is 99, but test_resnet has 5 blocks"):
        build(asked, CLASSES)
