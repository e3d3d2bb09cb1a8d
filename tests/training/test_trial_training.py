import math
import threading
from typing import Any

import pytest
import torch

from automl.errors import DivergedError
from automl.jobs.compatibility import resolve
from automl.model import checkpoint
from automl.training import effective
from automl.training.cancellation import CancelledError
from automl.training.trial_data import TrialData
from automl.training.trial_training import Placement, TrialTraining
from tests.small_training import TINY

CPU = Placement(torch.device("cpu"), num_threads=1)


def train(data: TrialData, **settings: Any) -> TrialTraining:
    return TrialTraining(resolve({**TINY, **settings}), data, CPU)


def run(training: TrialTraining) -> list[float]:
    """Validation loss of every evaluation."""
    losses = []
    while not training.is_done:
        losses.append(training.advance()[0].valid_loss)
    return losses


def test_a_trial_learns_colours(tiny_data: TrialData) -> None:
    training = train(tiny_data, number_of_epochs=10)
    while not training.is_done:
        evaluation, predictions = training.advance()
    assert evaluation.metrics["accuracy"] >= 0.9
    assert predictions.probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_the_same_seed_gives_the_same_curve_to_the_last_bit(tiny_data: TrialData) -> None:
    assert run(train(tiny_data)) == run(train(tiny_data))


def test_another_seed_gives_another_curve(tiny_data: TrialData) -> None:
    assert run(train(tiny_data)) != run(train(tiny_data, random_seed=1))


def test_evaluations_come_every_so_many_epochs_and_at_the_end(tiny_data: TrialData) -> None:
    training = train(tiny_data, number_of_epochs=3, evaluation_frequency=2)
    epochs = []
    while not training.is_done:
        epochs.append(training.advance()[0].epoch)
    assert epochs == [2, 3]


def test_every_epoch_is_told_also_between_evaluations(tiny_data: TrialData) -> None:
    training = train(tiny_data, number_of_epochs=3, evaluation_frequency=2)
    epochs: list[int] = []
    while not training.is_done:
        training.advance(lambda: epochs.append(training.epoch))
    assert epochs == [1, 2, 3]


def test_a_trial_that_is_asked_to_stop_does_so_within_the_epoch(tiny_data: TrialData) -> None:
    answers = iter([False, True])
    asked = resolve(TINY)
    training = TrialTraining(asked, tiny_data, CPU, is_cancelled=lambda: next(answers))
    with pytest.raises(CancelledError):
        training.advance()


def test_a_loss_that_is_no_number_ends_the_trial_with_a_remedy(tiny_data: TrialData) -> None:
    training = train(tiny_data)
    training.learner.task.loss.register_forward_hook(
        lambda *_: torch.tensor(math.nan, requires_grad=True)
    )
    with pytest.raises(DivergedError, match="Lower learning_rate"):
        training.advance()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (
            {"optimizer": "adamw", "learning_rate": 0.002, "beta1": 0.8},
            {"beta1": 0.8, "beta2": 0.999},
        ),
        ({"optimizer": "sgd", "momentum": 0.7}, {"momentum": 0.7, "nesterov": True}),
        ({"optimizer": "sgd", "nesterov": False}, {"nesterov": False}),
        ({"optimizer": "adam", "ams_gradient": True}, {"ams_gradient": True, "optimizer": "adam"}),
        ({"weight_decay": 0.03}, {"weight_decay": 0.03}),
        ({"learning_rate": 0.002}, {"learning_rate": 0.002}),
        ({"training_batch_size": 7}, {"training_batch_size": 7, "updates_per_epoch": 6}),
        ({"gradient_accumulation_step": 3}, {"updates_per_epoch": 1}),
        ({"precision": "fp32"}, {"precision": "float32"}),
        ({"precision": "bf16"}, {"precision": "bfloat16"}),
    ],
)
def test_what_is_asked_for_is_in_effect(
    tiny_data: TrialData, asked: dict[str, Any], expected: dict[str, Any]
) -> None:
    read_back = effective.read_back(train(tiny_data, **asked))
    assert {key: read_back[key] for key in expected} == expected


def test_frozen_blocks_do_not_change(tiny_data: TrialData) -> None:
    training = train(tiny_data, layers_to_freeze=2, number_of_epochs=1)
    before = {k: v.clone() for k, v in training.built.network.named_parameters()}
    run(training)
    changed = {k for k, v in training.built.network.named_parameters() if not v.equal(before[k])}
    assert not any(name.startswith(("conv1", "bn1", "layer1")) for name in changed)
    assert any(name.startswith("layer2") for name in changed)
    found = effective.read_back(training)
    assert found["num_trained_parameters"] < found["num_parameters"]


def test_a_training_set_smaller_than_a_batch_is_one_batch(tiny_data: TrialData) -> None:
    training = train(tiny_data, training_batch_size=500, gradient_accumulation_step=4)
    assert training.learner.batch_size == 48
    assert run(training)


def test_a_saved_model_answers_as_the_live_one(tiny_data: TrialData, tmp_path: Any) -> None:
    training = train(tiny_data)
    _, predictions = training.advance()
    training.save_scored_model(tmp_path, predictions)
    network, description = checkpoint.load(tmp_path)
    pixels = torch.rand(4, 3, 32, 32)
    with torch.inference_mode():
        assert torch.allclose(network(pixels), training.learner.network.eval()(pixels), atol=1e-5)
    assert description.class_names == ["blue", "green", "red"]


def test_a_trial_leaves_no_thread_behind(tiny_data: TrialData) -> None:
    run(train(tiny_data))
    before = threading.active_count()
    run(train(tiny_data))
    assert threading.active_count() == before
