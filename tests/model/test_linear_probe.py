from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from automl.jobs.compatibility import resolve
from automl.model import linear_head, linear_probe, pretrained_weights
from automl.model.building import build
from automl.model.network import Normalised
from automl.training import effective
from automl.training.trial_data import TrialData
from tests.small_training import TINY
from tests.training.test_trial_training import train


def blobs(num_classes: int, count: int = 60) -> tuple[Any, Any]:
    """Features that a line separates, on scales from a thousandth to a thousand."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % num_classes
    centres = rng.normal(size=(num_classes, 8)) * 4
    scale = np.logspace(-3, 3, 8)
    seen = (centres[labels] + rng.normal(size=(count, 8))) * scale + 5
    return seen.astype(np.float32), labels


@pytest.mark.parametrize("num_classes", [2, 3, 5])
def test_a_probe_separates_what_a_line_separates(num_classes: int) -> None:
    seen, labels = blobs(num_classes)
    probabilities = linear_probe.fit(seen, labels, num_classes).probabilities(seen)
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert (probabilities.argmax(axis=1) == labels).mean() > 0.95


def test_a_class_without_pictures_is_never_the_answer() -> None:
    seen, labels = blobs(2)
    probabilities = linear_probe.fit(seen, labels * 2, num_classes=4).probabilities(seen)
    assert set(probabilities.argmax(axis=1)) == {0, 2}
    assert probabilities[:, [1, 3]].max() < 0.01


def test_a_single_class_is_always_the_answer() -> None:
    seen, labels = blobs(2)
    probe = linear_probe.fit(seen, np.ones_like(labels), num_classes=3)
    assert (probe.probabilities(seen).argmax(axis=1) == 1).all()


def test_features_are_what_feeds_the_last_layer() -> None:
    built = build(resolve(TINY), ["a", "b", "c"])
    network = Normalised(built.network, built.mean, built.std)
    pixels = torch.rand(5, 3, 32, 32)
    seen = linear_head.extract_features(network, pixels.split(2))
    head = linear_head.of(built.network)
    logits = torch.from_numpy(seen) @ head.weight.T + head.bias
    with torch.inference_mode():
        assert torch.allclose(logits, network.eval()(pixels), atol=1e-5)
    assert not head._forward_pre_hooks


def test_fine_tuning_starts_from_the_probe(
    tiny_data: TrialData, weights_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOML_WEIGHTS_DIR", str(weights_dir))
    pretrained_weights.forget()

    def accuracy(head_init: str) -> float:
        training = train(tiny_data, pretrained="auto", head_init=head_init)
        answers = training.predict()
        return float((answers.predicted == answers.labels).mean())

    assert accuracy("linear_probe") > 0.6
    assert accuracy("zero") == pytest.approx(1 / 3, abs=0.01)  # all logits are alike
    pretrained_weights.forget()


@pytest.mark.parametrize(("head_init", "is_kept"), [("linear_probe", True), ("zero", False)])
def test_training_from_a_probe_keeps_the_statistics_it_was_fitted_with(
    tiny_data: TrialData,
    weights_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    head_init: str,
    is_kept: bool,
) -> None:
    monkeypatch.setenv("AUTOML_WEIGHTS_DIR", str(weights_dir))
    pretrained_weights.forget()
    training = train(tiny_data, pretrained="auto", head_init=head_init, number_of_epochs=1)
    before = {name: value.clone() for name, value in training.learner.network.state_dict().items()}
    training.advance()
    after = training.learner.network.state_dict()
    means = [name for name in before if name.endswith("running_mean")]
    assert means
    assert all(torch.equal(before[name], after[name]) for name in means) is is_kept
    assert not all(torch.equal(before[name], after[name]) for name in before)
    said = effective.in_effect(training)["batch_norm_statistics"]
    assert said == ("kept" if is_kept else "of each batch")
    pretrained_weights.forget()


def test_a_probe_on_a_random_network_is_declined_and_said(tiny_data: TrialData) -> None:
    training = train(tiny_data, head_init="linear_probe")
    assert "head_init linear_probe has no effect: the head is not new." in effective.notes(training)
