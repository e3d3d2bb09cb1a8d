"""Measure how fast networks score and train here: a few batches of generated pictures, no Ray."""

import time
from collections.abc import Callable, Sequence

import numpy as np
import torch

from automl.jobs.compatibility import resolve
from automl.jobs.speeds import NetworkSpeed, Speeds
from automl.model.building import build
from automl.model.network import Normalised
from automl.training.batches import TrainBatch
from automl.training.learner import Learner, predict
from automl.training.recipe import Recipe
from automl.training.task import SingleLabel

_BATCH_SIZE = 8
_MAX_REPETITIONS = 3
_NETWORK_SECONDS = 0.5
"""Time for each of the two measurements of a network, from which no repetition starts."""

_ALL_SECONDS = 6.0
"""Time from which no further network is measured."""


def measure(
    model_names: Sequence[str],
    *,
    side: int,
    num_threads: int,
    num_classes: int,
    progress: Callable[[int, int], None] | None = None,
) -> Speeds:
    """Seconds for a picture, of as many networks as fit into some seconds; at least the first.

    Args:
        model_names: the most important network first.
        side: side of the pictures in pixels.
        num_threads: threads of a trial.
        num_classes: size of the last layer.
        progress: called with the number of measured networks and that of all.
    """
    torch.set_num_threads(num_threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    started = time.perf_counter()
    networks: dict[str, NetworkSpeed] = {}
    for name in model_names:
        if networks and time.perf_counter() - started > _ALL_SECONDS:
            break
        if progress is not None:
            progress(len(networks), len(model_names))
        networks[name] = _measure(name, side, num_classes, device)
    return Speeds(networks=networks)


def _measure(name: str, side: int, num_classes: int, device: torch.device) -> NetworkSpeed:
    hyperparameters = resolve(
        {"model_name": name, "training_crop_size": side, "pretrained": "never", "layer_decay": 0.9}
    )
    built = build(hyperparameters, [str(number) for number in range(num_classes)])
    network = Normalised(built.network, built.mean, built.std)
    network = network.to(memory_format=torch.channels_last).to(device)
    recipe = Recipe.read(hyperparameters)
    task = SingleLabel(recipe, np.ones(num_classes, np.int64))
    learner = Learner(network, task, recipe, num_pictures=_BATCH_SIZE)
    pixels = torch.rand(_BATCH_SIZE, 3, side, side, device=device)
    pixels = pixels.to(memory_format=torch.channels_last)
    labels = torch.arange(_BATCH_SIZE, device=device) % num_classes

    def step() -> None:
        learner.train_epoch([TrainBatch(pixels, labels)])

    return NetworkSpeed(
        side=side,
        forward_seconds=_seconds(lambda: predict(network, task, [pixels])) / _BATCH_SIZE,
        step_seconds=_seconds(step) / _BATCH_SIZE,
    )


def _seconds(function: Callable[[], object]) -> float:
    """The shortest of a few calls, after one that allocates memory.

    What else the machine does makes a call longer, never shorter; how busy it is, is learnt from
    the trials themselves.
    """
    function()
    started = time.perf_counter()
    taken: list[float] = []
    while len(taken) < _MAX_REPETITIONS and time.perf_counter() - started < _NETWORK_SECONDS:
        before = time.perf_counter()
        function()
        taken.append(time.perf_counter() - before)
    return min(taken)
