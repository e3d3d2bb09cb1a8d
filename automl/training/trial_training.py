"""One trial: plain PyTorch, no Ray. `TrialTraining` trains to its next evaluation and scores it."""

import gc
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from timm.utils import ModelEmaV3
from torch import Tensor

from automl.errors import DivergedError, OutOfMemoryError, UserError
from automl.evaluation.metrics import classification_metrics
from automl.evaluation.predictions import Predictions
from automl.experiments import store
from automl.experiments.records import Evaluation, now
from automl.jobs import model_catalog
from automl.jobs.hyperparameters import Hyperparameters
from automl.model import baselines, blocks, checkpoint, feature_cache
from automl.model.building import BuiltModel, build
from automl.model.description import ModelDescription
from automl.model.linear_probe import HeadNotLinearError
from automl.model.network import Normalised
from automl.training import peak_memory, process_state, training_state
from automl.training.augmentation import Augmentation
from automl.training.batches import (
    TrainBatch,
    centre_batches,
    evaluation_batches,
    on_device,
    plan_batches,
    train_batches,
)
from automl.training.compilation import forward_of
from automl.training.loss import Mixing, make_loss
from automl.training.optimizer import make_optimizer
from automl.training.precision import autocast_dtype
from automl.training.recovery import RESTART_FACTOR, Recovery, is_out_of_memory, part_size
from automl.training.schedule import make_schedule
from automl.training.training_state import TrainingState
from automl.training.trial_data import TrialData


class CancelledError(Exception):
    """Somebody asked the trial to stop in the middle of an epoch."""


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
        process_state.prepare(hyperparameters, num_threads=placement.num_threads)
        self.hyperparameters = hyperparameters
        self.data = data
        self.placement = placement
        self.generator = torch.Generator().manual_seed(hyperparameters.random_seed)
        self.augmentation = Augmentation.of(hyperparameters)
        self.built: BuiltModel = build(hyperparameters, data.class_names, data.earlier)
        network = Normalised(self.built.network, self.built.mean, self.built.std)
        self.network = network.to(memory_format=torch.channels_last).to(placement.device)
        self.trains = hyperparameters.method == "fine_tuning"
        self.starts_from_probe = False
        if not self.trains:
            self._fit_only_the_head()
        elif hyperparameters.head_init == "linear_probe":
            self._start_from_probe()
        self._plan_batches()
        self.optimizer = make_optimizer(self.built.network, hyperparameters)
        self.schedule = make_schedule(
            self.optimizer, hyperparameters, updates_per_epoch=self.updates_per_epoch
        )
        self.mean_weights: ModelEmaV3 | None = None
        if hyperparameters.model_ema:
            decay = hyperparameters.model_ema_decay
            self.mean_weights = ModelEmaV3(self.network, decay=decay, use_warmup=True)
        self.loss = make_loss(hyperparameters, data.class_counts())
        self.loss.to(placement.device)
        self.mixing = Mixing(hyperparameters, len(data.class_names))
        self.autocast_dtype = autocast_dtype(placement.device, hyperparameters.precision)
        is_fp16 = self.autocast_dtype is torch.float16
        self.scaler = torch.amp.GradScaler(placement.device.type, enabled=is_fp16)
        self.train_pixels = on_device(data.train, placement.device)
        self.forward = self._forward()
        self.epoch = 0
        self.recovery = Recovery()
        self.good = training_state.take(self)
        """The state after the last epoch that went well."""

    def go_on_from(self, state: TrainingState) -> None:
        """Become the trial that `state` was taken of."""
        self.recovery = Recovery.model_validate(state.values["recovery"])
        training_state.put_back(self, state)
        self.good = training_state.take(self)

    def advance(self, is_cancelled: Callable[[], bool]) -> tuple[Evaluation, Predictions]:
        """Train until the next evaluation is due, then score the validation pictures.

        A batch that does not fit into memory is computed in parts from then on, and the epoch
        repeated. A loss that is no number restarts training once from the last good epoch, at a
        tenth of the rate.

        Raises:
            CancelledError: `is_cancelled` became true; the epoch is lost.
            DivergedError: the loss became infinite or NaN, again.
            OutOfMemoryError: not even one picture fits into memory.
        """
        peak_memory.reset(self.placement.device)
        started = time.perf_counter()
        before = self.epoch
        last = self.hyperparameters.number_of_epochs if self.trains else 0
        until = min(before + self.hyperparameters.evaluation_frequency, last)
        losses = []
        while self.epoch < until:
            try:
                losses.append(self._epoch(is_cancelled))
            except DivergedError:
                if self.recovery.restarted_at is not None:
                    raise
                self._restart()
        train_seconds = time.perf_counter() - started
        num_images = (self.epoch - before) * self.num_batches * self.batch_size

        started = time.perf_counter()
        predictions, metrics = self.evaluate()
        evaluation = Evaluation(
            epoch=self.epoch,
            metrics=metrics,
            train_loss=float(np.mean(losses)) if losses else math.nan,
            valid_loss=cross_entropy(predictions),
            learning_rate=max(group["lr"] for group in self.optimizer.param_groups),
            train_seconds=train_seconds,
            evaluation_seconds=time.perf_counter() - started,
            images_per_second=num_images / train_seconds,
            peak_memory_bytes=peak_memory.read(self.placement.device),
            finished_at=now(),
        )
        return evaluation, predictions

    @property
    def is_done(self) -> bool:
        return not self.trains or self.epoch >= self.hyperparameters.number_of_epochs

    @property
    def scored_network(self) -> Normalised:
        """What is scored and kept: the running mean of the weights where there is one."""
        if self.mean_weights is None:
            return self.network
        mean: Normalised = self.mean_weights.module
        return mean

    def description(self) -> ModelDescription:
        """What is needed beside the weights to rebuild the model as it stands."""
        hyperparameters = self.hyperparameters
        is_vote = hyperparameters.method == "k_nearest_neighbours"
        return ModelDescription(
            model_name=hyperparameters.model_name,
            timm_name=model_catalog.timm_name(hyperparameters.model_name),
            class_names=self.data.class_names,
            mean=self.built.mean,
            std=self.built.std,
            validation_crop_size=hyperparameters.validation_crop_size,
            validation_resize_size=hyperparameters.validation_resize_size,
            epoch=self.epoch,
            head="nearest_neighbours" if is_vote else "linear",
        )

    def save_model(self, folder: Path) -> None:
        """Write the model as it stands, without its predictions."""
        checkpoint.save(folder, self.scored_network, self.description())

    def save_scored_model(self, folder: Path, predictions: Predictions) -> None:
        """Write the model as it stands, and `predictions.parquet` beside it."""
        self.save_model(folder)
        store.save_predictions(folder / "predictions.parquet", predictions)

    def evaluate(self) -> tuple[Predictions, dict[str, float]]:
        """Answers for the validation pictures, and every metric of them."""
        predictions = self.predict()
        return predictions, classification_metrics(predictions.probabilities, predictions.labels)

    def predict(self) -> Predictions:
        """Probabilities for every validation picture."""
        asked = self.hyperparameters.validation_batch_size
        while True:
            try:
                return self._predict(part_size(asked, self.recovery.num_validation_parts))
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
            self._halve("num_validation_parts", asked, self.hyperparameters.validation_crop_size)

    def _predict(self, batch_size: int) -> Predictions:
        pictures, network = self.data.validation, self.scored_network
        network.eval()
        parts = []
        # in full precision: the exported model is to answer as this one does
        with torch.inference_mode():
            for pixels in evaluation_batches(
                pictures, batch_size=batch_size, device=self.placement.device
            ):
                parts.append(network(pixels).float().softmax(dim=1).cpu())
        return Predictions(pictures.sample_ids, pictures.labels, torch.cat(parts).numpy())

    def _epoch(self, is_cancelled: Callable[[], bool]) -> float:
        """Mean loss over the next epoch, which is repeated in parts while memory is short."""
        while True:
            try:
                loss = self._train_epoch(is_cancelled)
                break
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
            # only here nothing holds the tensors of the failed step any more
            size = self.hyperparameters.training_crop_size
            self._halve("num_parts", self.batch_size, size)
            training_state.put_back(self, self.good)
        self.epoch += 1
        state = training_state.take(self)
        if not (math.isfinite(loss) and state.is_finite()):
            raise DivergedError(
                f"The loss or a weight became infinite or NaN in epoch {self.epoch}, and again "
                "after a restart at a tenth of the learning rate. Lower learning_rate, or set "
                "precision: fp32."
            )
        self.good = state
        return loss

    def _train_epoch(self, is_cancelled: Callable[[], bool]) -> float:
        # a probe is fitted to what the network gives with the statistics it came with
        blocks.train_mode(self.network, keeps_statistics=self.starts_from_probe)
        total = torch.zeros((), device=self.placement.device)
        for number, batch in enumerate(self._batches()):
            if is_cancelled():
                raise CancelledError
            first = number - number % self.accumulation
            together = min(self.accumulation, self.num_batches - first)
            total += self._backward(batch, together)
            if number + 1 == first + together:
                self._update()
        return float(total) / self.num_batches

    def _backward(self, batch: TrainBatch, together: int) -> Tensor:
        """Add the batch's gradient to those of the `together` batches of one update."""
        pixels, targets = self.mixing(batch.pixels, batch.labels)
        size = part_size(len(targets), self.recovery.num_parts)
        total = torch.zeros((), device=self.placement.device)
        for part, wanted in zip(pixels.split(size), targets.split(size), strict=True):
            with self._autocast():
                loss = self.loss(self.forward(part), wanted) * (len(wanted) / len(targets))
            self.scaler.scale(loss / together).backward()
            total += loss.detach()
        return total

    def _update(self) -> None:
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        self.schedule.step()
        if self.mean_weights is not None:
            self.mean_weights.update(self.network, step=self.schedule.last_epoch)

    def _restart(self) -> None:
        """From the last good epoch at a tenth of the rate."""
        training_state.put_back(self, self.good)
        for group in self.optimizer.param_groups:
            group["lr"] *= RESTART_FACTOR
            group["initial_lr"] *= RESTART_FACTOR
        self.schedule.base_lrs = [rate * RESTART_FACTOR for rate in self.schedule.base_lrs]
        self.recovery = self.recovery.model_copy(update={"restarted_at": self.epoch})
        self.good = training_state.take(self)

    def _halve(self, what: str, batch_size: int, side: int) -> None:
        num_parts = getattr(self.recovery, what) * 2
        if part_size(batch_size, num_parts // 2) == 1:
            raise OutOfMemoryError(
                f"Not even one picture of {side} px fits into the memory. Choose a smaller model "
                "or smaller pictures, or run fewer trials at a time."
            )
        self.optimizer.zero_grad(set_to_none=True)
        gc.collect()
        if self.placement.device.type == "cuda":
            torch.cuda.empty_cache()
        self.recovery = self.recovery.model_copy(update={what: num_parts})

    def _batches(self) -> Iterator[TrainBatch]:
        return train_batches(
            self.data.train,
            self.train_pixels,
            self.augmentation,
            batch_size=self.batch_size,
            generator=self.generator,
            device=self.placement.device,
        )

    def _plan_batches(self) -> None:
        self.num_batches, self.batch_size = plan_batches(
            len(self.data.train.labels), self.hyperparameters.training_batch_size
        )
        # a small data set may have fewer batches than are to be accumulated
        asked = self.hyperparameters.gradient_accumulation_step
        self.accumulation = min(asked, self.num_batches)
        self.updates_per_epoch = math.ceil(self.num_batches / self.accumulation)

    def _fit_only_the_head(self) -> None:
        method = self.hyperparameters.method
        try:
            self._fit_head(method)
        except HeadNotLinearError as error:
            raise UserError(
                f"method is {method}, but {error}. Set method to fine_tuning, or choose another "
                "model."
            ) from error

    def _start_from_probe(self) -> None:
        """Fit the new head to the frozen model's features of the training pictures."""
        if not self.built.has_new_head:
            self.built.notes.append("head_init linear_probe has no effect: the head is not new.")
            return
        try:
            self._fit_head("linear_probe")
            self.starts_from_probe = True
        except HeadNotLinearError as error:
            self.built.notes.append(f"head_init is zero instead of linear_probe: {error}.")

    def _fit_head(self, method: str) -> None:
        baselines.fit_head(method, self.network, self._train_features, self.data.train.labels)

    def _train_features(self) -> NDArray[np.float32]:
        return feature_cache.train_features(
            self.network,
            self.built,
            self.data.train.pixels,
            self._centre_batches(),
            crop=(self.augmentation.size, self.augmentation.centre_share),
        )

    def _centre_batches(self) -> Iterator[Tensor]:
        return centre_batches(
            self.data.train,
            self.augmentation,
            batch_size=self.hyperparameters.validation_batch_size,
            device=self.placement.device,
        )

    def _forward(self) -> Callable[[Tensor], Tensor]:
        side = self.hyperparameters.training_crop_size
        sample = torch.zeros(self.batch_size, 3, side, side, device=self.placement.device)
        return forward_of(
            self.network,
            self.hyperparameters,
            sample.to(memory_format=torch.channels_last),
            num_images=len(self.data.train.labels),
        )

    def _autocast(self) -> torch.autocast:
        return torch.autocast(
            self.placement.device.type,
            dtype=self.autocast_dtype,
            enabled=self.autocast_dtype is not None,
        )


def cross_entropy(predictions: Predictions) -> float:
    """Mean negative logarithm of the true class's probability."""
    chosen = predictions.probabilities[np.arange(len(predictions.labels)), predictions.labels]
    return float(-np.log(np.clip(chosen, 1e-12, None)).mean())
