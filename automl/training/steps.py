"""Training and scoring of generated pictures, to measure what a step of a trial takes."""

import numpy as np
import torch
from torch import Tensor

from automl.jobs.hyperparameters import Hyperparameters
from automl.model.building import build
from automl.model.network import Normalised
from automl.training.batches import TrainBatch
from automl.training.learner import Learner, predict
from automl.training.recipe import Recipe
from automl.training.task import SingleLabel


class Steps:
    """The network of a trial, and what trains it."""

    def __init__(
        self,
        hyperparameters: Hyperparameters,
        num_classes: int,
        device: torch.device,
        *,
        num_pictures: int,
    ) -> None:
        """Build the network.

        Args:
            hyperparameters: of the trial.
            num_classes: size of the last layer.
            device: where it trains.
            num_pictures: pictures of an epoch, which decide the schedule.
        """
        self.device = device
        self._num_classes = num_classes
        built = build(hyperparameters, [str(number) for number in range(num_classes)])
        network = Normalised(built.network, built.mean, built.std)
        self.network = network.to(memory_format=torch.channels_last).to(device)
        recipe = Recipe.read(hyperparameters)
        self._task = SingleLabel(recipe, np.ones(num_classes, np.int64))
        self._learner = Learner(self.network, self._task, recipe, num_pictures=num_pictures)

    def train(self, pixels: Tensor) -> None:
        """Make the update of one batch (B, 3, S, S)."""
        labels = torch.arange(len(pixels), device=self.device) % self._num_classes
        self._learner.train_epoch([TrainBatch(pixels, labels)])

    def score(self, pixels: Tensor) -> None:
        """Predict one batch (B, 3, S, S)."""
        predict(self.network, self._task, [pixels])

    def pixels(self, number: int, side: int) -> Tensor:
        """Random pictures (number, 3, side, side)."""
        pixels = torch.rand(number, 3, side, side, device=self.device)
        return pixels.to(memory_format=torch.channels_last)
