from pathlib import Path

import pytest
import torch

from automl import errors
from automl.jobs.hyperparameters import Hyperparameters
from automl.model import pretrained_weights
from automl.model.building import build

TINY = {"model_name": "test_resnet"}
CLASSES = ["blue", "green", "red"]


@pytest.fixture(autouse=True)
def _no_memory() -> None:
    """Each test asks anew where weights are."""
    pretrained_weights.forget()


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


def test_freezing_more_blocks_than_there_are_is_refused_with_their_number() -> None:
    asked = Hyperparameters(**TINY, pretrained="never", layers_to_freeze=99)
    with pytest.raises(errors.UserError, match="is 99, but test_resnet has 5 blocks"):
        build(asked, CLASSES)
