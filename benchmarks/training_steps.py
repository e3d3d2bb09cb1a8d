"""Training steps of a trial without its loop, for benchmarks of the loop."""

from collections.abc import Iterator

import torch

from automl.model import blocks
from automl.training.batches import TrainBatch
from automl.training.trial_training import TrialTraining


def endless(training: TrialTraining) -> Iterator[TrainBatch]:
    """The trial's training batches, epoch after epoch."""
    while True:
        yield from training.train_batches()


def steps(training: TrialTraining, batches: Iterator[TrainBatch], count: int) -> None:
    """Train so many steps, and wait for the GPU."""
    blocks.train_mode(training.learner.network)
    total = torch.zeros((), device=training.placement.device)
    for _ in range(count):
        total += training.learner.backward(next(batches), 1)
        training.learner.update()
    float(total)  # waits for the GPU
