"""One trial: plain PyTorch, no Ray. `TrialTraining` trains to its next evaluation and scores it."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from timm.optim import create_optimizer_v2
from torch import Tensor, nn

from automl.engine.augmentation import Augmentation
from automl.engine.batches import TrainBatch, evaluation_batches, train_batches
from automl.engine.model import BuiltModel, Normalised, build, count_parameters
from automl.engine.schedule import make_schedule
from automl.engine.trial_data import TrialData
from automl.evaluation.metrics import classification_metrics
from automl.hyperparameters import Hyperparameters
from automl.records import Evaluation, Predictions, now


class CancelledError(Exception):
    """Somebody asked the trial to stop in the middle of an epoch."""


class DivergedError(RuntimeError):
    """The training loss is no number any more."""


@dataclass(frozen=True)
class Placement:
    """Where a trial computes."""

    device: torch.device
    num_threads: int


class TrialTraining:
    """The live objects of one trial, from its first epoch to its last."""

    def __init__(
        self, hyperparameters: Hyperparameters, data: TrialData, placement: Placement
    ) -> None:
        torch.set_num_threads(placement.num_threads)
        torch.manual_seed(hyperparameters.random_seed)
        self.hyperparameters = hyperparameters
        self.data = data
        self.placement = placement
        self.generator = torch.Generator().manual_seed(hyperparameters.random_seed)
        self.built: BuiltModel = build(hyperparameters, len(data.class_names))
        network = Normalised(self.built.network, self.built.mean, self.built.std)
        self.network = network.to(memory_format=torch.channels_last).to(placement.device)
        self.optimizer = make_optimizer(self.network, hyperparameters)
        self.updates_per_epoch = max(1, self._num_batches() // self._accumulation())
        self.schedule = make_schedule(
            self.optimizer, hyperparameters, updates_per_epoch=self.updates_per_epoch
        )
        self.loss = make_loss(hyperparameters, data.class_counts()).to(placement.device)
        self.augmentation = Augmentation(
            size=hyperparameters.training_crop_size,
            is_random=hyperparameters.augmentation == "standard",
            horizontal_flip=hyperparameters.horizontal_flip,
            centre_share=hyperparameters.validation_crop_size
            / hyperparameters.validation_resize_size,
        )
        self.autocast_dtype = autocast_dtype(placement.device, hyperparameters.precision)
        self.epoch = 0

    def advance(self, is_cancelled: Callable[[], bool]) -> tuple[Evaluation, Predictions]:
        """Train until the next evaluation is due, then score the validation pictures.

        Raises:
            CancelledError: `is_cancelled` became true; the epoch is lost.
            DivergedError: the loss became infinite or NaN.
        """
        started = time.perf_counter()
        num_epochs = min(
            self.hyperparameters.evaluation_frequency,
            self.hyperparameters.number_of_epochs - self.epoch,
        )
        losses = [self._train_epoch(is_cancelled) for _ in range(num_epochs)]
        train_seconds = time.perf_counter() - started
        self.epoch += num_epochs

        started = time.perf_counter()
        predictions = self.predict()
        evaluation = Evaluation(
            epoch=self.epoch,
            metrics=classification_metrics(predictions.probabilities, predictions.labels),
            train_loss=float(np.mean(losses)),
            valid_loss=cross_entropy(predictions),
            learning_rate=max(group["lr"] for group in self.optimizer.param_groups),
            train_seconds=train_seconds,
            evaluation_seconds=time.perf_counter() - started,
            images_per_second=num_epochs * len(self.data.train.labels) / train_seconds,
            finished_at=now(),
        )
        return evaluation, predictions

    @property
    def is_done(self) -> bool:
        return self.epoch >= self.hyperparameters.number_of_epochs

    def predict(self) -> Predictions:
        """Probabilities for every validation picture."""
        pictures = self.data.validation
        self.network.eval()
        parts = []
        with torch.inference_mode(), self._autocast():
            for pixels in evaluation_batches(
                pictures,
                batch_size=self.hyperparameters.validation_batch_size,
                device=self.placement.device,
            ):
                parts.append(self.network(pixels).float().softmax(dim=1).cpu())
        return Predictions(pictures.sample_ids, pictures.labels, torch.cat(parts).numpy())

    def effective(self) -> dict[str, Any]:
        """What is really in effect, read back from the live objects."""
        group = self.optimizer.param_groups[0]
        keys = ("momentum", "nesterov", "betas", "amsgrad")
        device = self.placement.device
        return {
            "model": type(self.built.network).__name__,
            "weights": self.built.weights,
            **count_parameters(self.built.network),
            "optimizer": type(self.optimizer).__name__.lower(),
            "learning_rate": max(g["initial_lr"] for g in self.optimizer.param_groups),
            "weight_decay": max(g["weight_decay"] for g in self.optimizer.param_groups),
            **{key: group[key] for key in keys if key in group},
            "updates_per_epoch": self.updates_per_epoch,
            "training_batch_size": self._batch_size(),
            "training_crop_size": self.hyperparameters.training_crop_size,
            "precision": str(self.autocast_dtype or torch.float32).removeprefix("torch."),
            "device": str(device)
            if device.type == "cpu"
            else torch.cuda.get_device_properties(device).name,
            "num_threads": torch.get_num_threads(),
            "num_train_images": len(self.data.train.labels),
            "num_validation_images": len(self.data.validation.labels),
            "split_hash": self.data.split_hash,
            # plain text: torch's own type would make the reader of this import torch
            "torch": str(torch.__version__),
            "timm": timm.__version__,
        }

    def _train_epoch(self, is_cancelled: Callable[[], bool]) -> float:
        """Mean loss over the batches of one epoch."""
        self.network.train()
        accumulation = self._accumulation()
        total = torch.zeros((), device=self.placement.device)
        count = 0
        for count, batch in enumerate(self._batches(), start=1):
            if is_cancelled():
                raise CancelledError
            total += self._backward(batch, accumulation)
            if count % accumulation == 0:
                self._update()
        mean = float(total) / count
        if not math.isfinite(mean):
            raise DivergedError(
                f"The training loss became {mean} in epoch {self.epoch + 1}. "
                "Lower learning_rate, or set precision: fp32."
            )
        return mean

    def _backward(self, batch: TrainBatch, accumulation: int) -> Tensor:
        with self._autocast():
            loss: Tensor = self.loss(self.network(batch.pixels), batch.labels)
        (loss / accumulation).backward()
        return loss.detach()

    def _update(self) -> None:
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.schedule.step()

    def _batches(self) -> Iterable[TrainBatch]:
        return train_batches(
            self.data.train,
            self.augmentation,
            batch_size=self._batch_size(),
            generator=self.generator,
            device=self.placement.device,
        )

    def _batch_size(self) -> int:
        return min(self.hyperparameters.training_batch_size, len(self.data.train.labels))

    def _num_batches(self) -> int:
        return max(1, len(self.data.train.labels) // self._batch_size())

    def _accumulation(self) -> int:
        """A small data set may have fewer batches than are to be accumulated."""
        return min(self.hyperparameters.gradient_accumulation_step, self._num_batches())

    def _autocast(self) -> torch.autocast:
        return torch.autocast(
            self.placement.device.type,
            dtype=self.autocast_dtype,
            enabled=self.autocast_dtype is not None,
        )


def make_optimizer(network: nn.Module, hyperparameters: Hyperparameters) -> torch.optim.Optimizer:
    """timm's factory: it leaves biases and norms out of the weight decay."""
    if hyperparameters.optimizer == "sgd":
        kind = "sgd" if hyperparameters.nesterov else "momentum"
        options: dict[str, Any] = {"momentum": hyperparameters.momentum}
    else:
        kind = hyperparameters.optimizer
        options = {
            "betas": (hyperparameters.beta1, hyperparameters.beta2),
            "amsgrad": hyperparameters.ams_gradient,
        }
    optimizer: torch.optim.Optimizer = create_optimizer_v2(
        network,
        opt=kind,
        lr=hyperparameters.learning_rate,
        weight_decay=hyperparameters.weight_decay,
        fused=True,  # one pass over the weights; on a CPU the loop costs a fifth of the step
        **options,
    )
    return optimizer


def make_loss(hyperparameters: Hyperparameters, counts: NDArray[np.int64]) -> nn.Module:
    """Cross-entropy; a class of n of the N pictures weighs N / (K n), or the root of it."""
    weights = None
    if hyperparameters.weighted_loss:
        balanced = counts.sum() / (len(counts) * counts.clip(min=1))
        power = 0.5 if hyperparameters.weighted_loss == 1 else 1.0
        weights = torch.tensor(balanced**power, dtype=torch.float32)
    return nn.CrossEntropyLoss(weights, label_smoothing=hyperparameters.label_smoothing)


def autocast_dtype(device: torch.device, precision: str) -> torch.dtype | None:
    """bf16 where it is asked for or fast; None is plain fp32."""
    if precision == "auto":
        return torch.bfloat16 if has_fast_bf16(device) else None
    return torch.bfloat16 if precision == "bf16" else None


def has_fast_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bf16 in hardware; emulated it is many times slower."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def cross_entropy(predictions: Predictions) -> float:
    """Mean negative logarithm of the true class's probability."""
    chosen = predictions.probabilities[np.arange(len(predictions.labels)), predictions.labels]
    return float(-np.log(np.clip(chosen, 1e-12, None)).mean())
