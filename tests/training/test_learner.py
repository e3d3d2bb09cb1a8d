"""An update is that of all its pictures, in whatever batches and parts they are computed."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from automl.training.trial_data import TrialData
from tests.training.test_trial_training import train

NO_BATCH_NORM = {
    "model_name": "test_vit",
    "training_crop_size": 160,
    "precision": "fp32",
    "optimizer": "sgd",
    "number_of_epochs": 1,
    "augmentation": "none",  # random crops depend on the size of the batches
}


@pytest.fixture
def uneven_data(tiny_data: TrialData) -> TrialData:
    """Three pictures of the last class, so that batches and parts differ in their classes."""
    labels = np.arange(len(tiny_data.train.labels)) % 2
    labels[-3:] = 2
    return replace(tiny_data, train=replace(tiny_data.train, labels=labels))


@pytest.mark.parametrize("weighted_loss", [0, 2])
@pytest.mark.parametrize("mixup", [0.0, 0.5])
def test_a_batch_in_parts_gives_the_same_update(
    uneven_data: TrialData, weighted_loss: int, mixup: float
) -> None:
    def weights(num_parts: int) -> torch.Tensor:
        training = train(uneven_data, **NO_BATCH_NORM, weighted_loss=weighted_loss, mixup=mixup)
        learner = training.learner
        learner.backward(next(training.train_batches()), 1, num_parts=num_parts)
        learner.update()
        return learner.network.state_dict()["network.head.weight"]

    assert torch.allclose(weights(1), weights(5), atol=1e-6)


@pytest.mark.parametrize("weighted_loss", [0, 2])
def test_accumulated_batches_count_as_one(uneven_data: TrialData, weighted_loss: int) -> None:
    def weights(**settings: Any) -> torch.Tensor:
        training = train(uneven_data, **NO_BATCH_NORM, weighted_loss=weighted_loss, **settings)
        training.learner.train_epoch(training.train_batches())
        assert training.learner.schedule.last_epoch == 1
        return training.learner.network.state_dict()["network.head.weight"]

    whole = weights(training_batch_size=48)
    parts = weights(training_batch_size=16, gradient_accumulation_step=3)
    assert torch.allclose(whole, parts, atol=1e-6)


def test_the_loss_of_an_epoch_is_the_mean_over_its_pictures(uneven_data: TrialData) -> None:
    def loss(**settings: Any) -> float:
        frozen = {"learning_rate": 0.0, "weighted_loss": 2}
        training = train(uneven_data, **NO_BATCH_NORM, **frozen, **settings)
        return training.learner.train_epoch(training.train_batches())

    assert loss(training_batch_size=16) == pytest.approx(loss(training_batch_size=48), rel=1e-5)
