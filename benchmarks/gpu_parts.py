"""The measurements of `benchmarks.gpu` that run in one process."""

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from automl.dataset.packed_pictures import PackedPictures
from automl.jobs.compatibility import resolve
from automl.model import linear_head
from automl.training import footprint, measure
from automl.training.batches import TrainBatch, scored_batches
from automl.training.process_state import ProcessState
from automl.training.trial_data import LabelledPictures, TrialData, opened
from automl.training.trial_training import Placement, TrialTraining
from benchmarks.training_steps import endless, steps

_NUM_CLASSES = 10
_STEPS = 4
"""Batches of a round of the loop."""


@dataclass(frozen=True)
class Scale:
    """Size of everything: side in pixels, pictures of each split, rounds of each comparison."""

    side: int
    batch_size: int
    num_pictures: int
    num_rounds: int


def trial(name: str, scale: Scale, placement: Placement, **asked: Any) -> TrialTraining:
    """A trial on noise, from random weights."""
    values = {
        "model_name": name,
        "pretrained": "never",
        "training_crop_size": scale.side,
        "training_batch_size": scale.batch_size,
        "validation_batch_size": scale.batch_size,
        "number_of_epochs": 2,
        "optimizer": "adamw",
        "warmup_cosine_lr_warmup_epochs": 0,
    }
    hyperparameters = resolve({**values, **asked})
    data = noise(hyperparameters.validation_resize_size, scale.num_pictures)
    return TrialTraining(hyperparameters, data, placement)


def noise(side: int, count: int) -> TrialData:
    """Training and validation pictures of random pixels, in memory."""
    rng = np.random.default_rng(0)
    sizes = np.full((2 * count, 2), side, np.int64)
    flat = rng.integers(0, 255, size=int(3 * sizes.prod(axis=1).sum()), dtype=np.uint8)
    packed = PackedPictures.of(flat, sizes)
    labels = np.arange(2 * count) % _NUM_CLASSES

    def part(rows: slice) -> LabelledPictures:
        ids = np.arange(2 * count)[rows]
        return LabelledPictures(packed.take(rows), ids, labels[rows], np.full(count, -1))

    names = [str(number) for number in range(_NUM_CLASSES)]
    return TrialData(part(slice(count)), part(slice(count, None)), names, "noise")


def network(name: str, scale: Scale, placement: Placement) -> dict[str, Any]:
    """Speed of the loop, of an evaluation and of features, and peak memory against our estimate."""
    training = trial(name, scale, placement)
    measured = {
        **_loop(training, scale),
        **_memory(training),
        **_scoring(training),
    }
    return {f"{name}_{key}": value for key, value in measured.items()}


def _loop(training: TrialTraining, scale: Scale) -> dict[str, float]:
    """The loop against the same steps on one batch in memory, some batches of each in turns."""
    batches = endless(training)
    first = next(batches)
    random = TrainBatch(torch.rand_like(first.pixels), first.labels)
    whole = partial(steps, training, batches, _STEPS)
    ceiling = partial(steps, training, iter(lambda: random, None), _STEPS)
    whole(), ceiling()
    rounds = [(seconds(whole), seconds(ceiling)) for _ in range(scale.num_rounds)]
    pictures = _STEPS * len(first.labels)
    return {
        "images_per_second": round(pictures / statistics.median(a for a, _ in rounds), 1),
        "loop_to_ceiling": round(statistics.median(b / a for a, b in rounds), 3),
    }


def _memory(training: TrialTraining) -> dict[str, float]:
    """Peak of an epoch with its evaluation, that of a few steps, and what trials are packed by."""
    device = training.placement.device
    measure.reset_peak_memory(device)
    steps(training, endless(training), _STEPS)
    estimated = measure.peak_memory_bytes(device)
    evaluation, _ = training.advance()
    peak = evaluation.peak_memory_bytes or estimated
    step = footprint.of_step(training.hyperparameters, num_classes=_NUM_CLASSES, device=device)
    return {
        "footprint_mb": round(step.peak_bytes / 1e6, 1),
        "busy_share": round(step.busy_share, 2),
        "peak_memory_mb": round(peak / 1e6, 1),
        "estimated_to_peak_memory": round(min(estimated, peak) / max(estimated, peak), 3),
    }


def _scoring(training: TrialTraining) -> dict[str, float]:
    """Pictures per second of an evaluation, metrics and all, and of frozen features."""
    labelled, asked = training.data.validation, training.hyperparameters

    def features() -> None:
        batches = scored_batches(
            opened(labelled.pictures),
            asked.validation_crop_size,
            batch_size=asked.validation_batch_size,
            device=training.placement.device,
        )
        linear_head.extract_features(training.learner.network, batches)

    count = len(labelled.labels)
    training.evaluate(), features()
    return {
        "evaluated_per_second": round(count / seconds(training.evaluate), 1),
        "features_per_second": round(count / seconds(features), 1),
    }


def memory_recovery(name: str, scale: Scale, placement: Placement) -> dict[str, Any]:
    """Train with less memory than a batch needs: the GPU is capped; on a CPU an error is raised."""
    training = trial(name, scale, placement)
    device = placement.device
    if device.type == "cuda":
        measure.reset_peak_memory(device)
        resting = torch.cuda.memory_allocated(device)
        steps(training, endless(training), _STEPS)
        needed = torch.cuda.max_memory_reserved(device) - resting
        torch.cuda.empty_cache()
        total = torch.cuda.get_device_properties(device).total_memory
        torch.cuda.set_per_process_memory_fraction((resting + 0.6 * needed) / total, device)
    else:
        _only_fits(training, scale.batch_size // 2)
    try:
        training.advance()
    finally:
        if device.type == "cuda":
            torch.cuda.set_per_process_memory_fraction(1.0, device)
    return {
        "recovered_in_parts": training.recovery.num_parts,
        "recovered_epoch": training.epoch,
    }


def _only_fits(training: TrialTraining, num_pictures: int) -> None:
    def refuse(_: nn.Module, inputs: tuple[torch.Tensor]) -> None:
        if len(inputs[0]) > num_pictures:
            raise torch.OutOfMemoryError("out of memory")

    training.learner.network.register_forward_pre_hook(refuse)


def same_twice(name: str, scale: Scale, placement: Placement) -> dict[str, Any]:
    """Whether two deterministic trials end with the same weights, bit for bit."""
    ends = []
    for _ in range(2):
        before = ProcessState.take()
        training = trial(name, scale, placement, deterministic=True)
        training.advance()
        ends.append([each.cpu() for each in training.learner.network.state_dict().values()])
        before.put_back()
    is_equal = all(torch.equal(one, other) for one, other in zip(*ends, strict=True))
    return {"deterministic_is_equal": int(is_equal)}


def half_precision(name: str, scale: Scale, placement: Placement) -> dict[str, Any]:
    """An epoch in fp16, whose loss must be finite."""
    training = trial(name, scale, placement, precision="fp16")
    evaluation, _ = training.advance()
    return {"fp16_loss_is_finite": int(math.isfinite(evaluation.train_loss))}


def compilation(name: str, scale: Scale, placement: Placement) -> dict[str, Any]:
    """Pictures per second with and without the compiler, and the seconds that compiling takes."""
    found: dict[str, Any] = {}
    for switch in ("off", "on"):
        started = time.perf_counter()
        training = trial(name, scale, placement, compile=switch)
        train = partial(steps, training, endless(training), _STEPS)
        train()
        found[f"compile_{switch}_first_seconds"] = round(time.perf_counter() - started, 1)
        pictures = _STEPS * training.learner.batch_size
        taken = statistics.median(seconds(train) for _ in range(scale.num_rounds))
        found[f"compile_{switch}_images_per_second"] = round(pictures / taken, 1)
    return found


def seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - started
