"""Training of one trial: to the next evaluation, its score, recovery from errors. No Ray."""

import gc
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from automl.errors import DivergedError, OutOfMemoryError
from automl.evaluation import decisions
from automl.evaluation.metrics import classification_metrics
from automl.evaluation.predictions import Predictions
from automl.experiments import store
from automl.experiments.records import Evaluation, Evidence, now
from automl.host import quiet
from automl.jobs import model_catalog
from automl.jobs.hyperparameters import Hyperparameters
from automl.model import checkpoint, several_networks
from automl.model.building import BuiltModel, build
from automl.model.description import ModelDescription
from automl.model.network import Normalised
from automl.training import measure, process_state, resume_state
from automl.training.augmentation import Augmentation
from automl.training.batches import (
    TrainBatch,
    on_device,
    part_size,
    scored_batches,
    train_batches,
)
from automl.training.cancellation import until_cancelled
from automl.training.frozen_network import BaselineAnswers, FrozenNetwork
from automl.training.learner import Learner, LearnerState, predict
from automl.training.ranks import ALONE, Ranks
from automl.training.recipe import Recipe
from automl.training.recovery import RESTART_FACTOR, Recovery, is_out_of_memory
from automl.training.resume_state import KeptState
from automl.training.task import task_for
from automl.training.trial_data import LabelledPictures, TrialData, opened


class StartAgainError(Exception):
    """One of several processes ran out of memory: all go on from its `state`, in new processes.

    The others wait for its gradients and cannot be told.
    """


@dataclass(frozen=True)
class Placement:
    """Device, number of CPU threads and rank of a process that trains a trial."""

    device: torch.device
    num_threads: int
    ranks: Ranks = ALONE


class TrialTraining:
    """One trial from its first epoch to its last."""

    def __init__(
        self,
        hyperparameters: Hyperparameters,
        data: TrialData,
        placement: Placement,
        *,
        on_everything: bool = False,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        """Build the network; a baseline is complete after this.

        Args:
            hyperparameters: of the trial.
            data: its pictures.
            placement: where it runs.
            on_everything: train on the validation pictures, too, unless the data name them. A
                baseline is fitted to them in any case.
            is_cancelled: asked before each batch of training, and each of pictures whose features
                are not known.

        Raises:
            CancelledError: `is_cancelled` became true.
            WeightsMissingError: weights are required and there are none.
            UserError: hyperparameters do not fit the model.
        """
        process_state.prepare(hyperparameters, num_threads=placement.num_threads)
        self.hyperparameters = hyperparameters
        self.data = data
        self.placement = placement
        self._is_cancelled = is_cancelled
        self.trains = hyperparameters.method == "fine_tuning"
        self.augmentation = Augmentation.read(hyperparameters)
        self.built: BuiltModel = build(hyperparameters, data.class_names, data.earlier)
        network = Normalised(self.built.network, self.built.mean, self.built.std)
        network = network.to(memory_format=torch.channels_last).to(placement.device)
        recipe = Recipe.read(hyperparameters)
        is_partial = self.trains and not on_everything
        self.fitted = data.train if is_partial else data.everything()
        """The pictures that the model is fitted to."""

        task = task_for(recipe, self.fitted.labels, len(data.class_names))

        self._answers: BaselineAnswers | None = None
        """Those of a baseline."""

        frozen = FrozenNetwork(
            network, self.built, hyperparameters, data, self.fitted, placement.device, is_cancelled
        )
        starts_from_probe = self.trains and frozen.starts_from_probe()
        if not self.trains:
            self._answers = frozen.fit_baseline(task)
        elif self.built.new_rows and not starts_from_probe:
            frozen.imprint()
        if self.trains and not starts_from_probe:
            placement.ranks.synchronised(network)
        self.learner = Learner(
            network,
            task,
            recipe,
            num_pictures=len(self.fitted.labels),
            keeps_statistics=starts_from_probe,
            ranks=placement.ranks,
        )
        self.train_pictures = on_device(opened(self.fitted.pictures), placement.device)
        self.learner.forward = self._forward()
        self.recovery = Recovery()
        self.good = self.learner.state()
        """The state after the last epoch with a finite loss and finite weights."""

    def state(self) -> LearnerState:
        """The state after the last good epoch, for `go_on_from` in another process."""
        values = {**self.good.values, "recovery": self.recovery.model_dump()}
        return LearnerState(self.good.tensors, values)

    def save_state(self, folder: Path, values: Mapping[str, Any] | None = None) -> None:
        """Write the state and further values, for `resume_state.find`."""
        state = self.state()
        resume_state.save(folder, state.tensors, {**state.values, **(values or {})})

    def go_on_from(self, state: KeptState) -> None:
        """Continue from a state that another process has kept."""
        self.recovery = Recovery.model_validate(state.values["recovery"])
        self.learner.load_state(LearnerState(state.load_tensors(), state.values))
        self.good = self.learner.state()

    def advance(
        self, after_epoch: Callable[[], None] | None = None
    ) -> tuple[Evaluation, Predictions]:
        """Train until the next evaluation, then score the validation pictures.

        A batch that does not fit into memory is computed in parts from then on, and the epoch is
        repeated. If the loss becomes NaN or infinite, training restarts once from the last good
        epoch, at a tenth of the learning rate.

        Raises:
            CancelledError: `is_cancelled` became true; the epoch is lost.
            DivergedError: the loss became infinite or NaN again after the restart.
            OutOfMemoryError: not even one picture fits into memory.
            StartAgainError: a batch does not fit into memory, on one of several devices.
        """
        device = self.placement.device
        measure.reset_peak_memory(device)
        started = time.perf_counter()
        before = self.epoch
        losses = self.train(self._next_evaluation(), after_epoch)
        train_seconds = time.perf_counter() - started
        num_images = (self.epoch - before) * self.learner.num_batches * self.learner.batch_size

        started = time.perf_counter()
        predictions, metrics = self.evaluate()
        loss = self.learner.task.mean_loss(predictions.probabilities, predictions.labels)
        evaluation = Evaluation(
            epoch=self.epoch,
            metrics=metrics,
            train_loss=float(np.mean(losses)) if losses else math.nan,
            valid_loss=loss,
            learning_rate=max(group["lr"] for group in self.learner.optimizer.param_groups),
            train_seconds=train_seconds,
            evaluation_seconds=time.perf_counter() - started,
            images_per_second=num_images / train_seconds,
            peak_memory_bytes=measure.peak_memory_bytes(device),
            finished_at=now(),
        )
        return evaluation, predictions

    def follow(self) -> None:
        """Train until the next evaluation, which another rank makes."""
        self.train(self._next_evaluation())

    def _next_evaluation(self) -> int:
        """Its epoch."""
        frequency = self.hyperparameters.evaluation_frequency
        last = self.hyperparameters.number_of_epochs if self.trains else 0
        return min((self.epoch // frequency + 1) * frequency, last)

    def train(self, until: int, after_epoch: Callable[[], None] | None = None) -> list[float]:
        """Train up to an epoch, as `advance` does; returns the mean loss of each epoch.

        after_epoch: called after every epoch; one that is repeated calls it again.
        """
        losses = []
        while self.epoch < until:
            try:
                losses.append(self._epoch())
                if after_epoch is not None:
                    after_epoch()
            except DivergedError:
                if self.recovery.restarted_at is not None:
                    raise
                self._restart()
        return losses

    @property
    def epoch(self) -> int:
        """Number of epochs trained."""
        return self.learner.epoch

    @property
    def is_done(self) -> bool:
        """True after the last epoch; a baseline has none."""
        return not self.trains or self.epoch >= self.hyperparameters.number_of_epochs

    def description(self) -> ModelDescription:
        """The description saved beside the weights of the present epoch."""
        parts = self.built.parts
        if not parts:
            return self._description(self.hyperparameters.model_name, self.built)
        described = map(self._description, self.hyperparameters.networks, parts)
        return several_networks.describe(
            list(described),
            "concatenated",
            is_mirrored=self.hyperparameters.is_mirrored,
            has_stages=self.hyperparameters.has_stages,
        )

    def _description(self, model_name: str, built: BuiltModel) -> ModelDescription:
        hyperparameters = self.hyperparameters
        is_vote = hyperparameters.method == "k_nearest_neighbours"
        return ModelDescription(
            model_name=model_name,
            timm_name=model_catalog.timm_name(model_name),
            class_names=self.data.class_names,
            mean=built.mean,
            std=built.std,
            validation_crop_size=hyperparameters.validation_crop_size,
            validation_resize_size=hyperparameters.validation_resize_size,
            rendering=self.data.rendering,
            epoch=self.epoch,
            has_seen_all=self.has_seen_all,
            has_label_sets=self.fitted.labels.ndim == 2,
            head="nearest_neighbours" if is_vote else "linear",
        )

    @property
    def has_seen_all(self) -> bool:
        """True if the model is fitted to the validation pictures, too."""
        return self.fitted is not self.data.train

    def save_model(self, folder: Path) -> None:
        """Write the model of the present epoch."""
        checkpoint.save(folder, self.learner.scored_network, self.description())

    def save_scored_model(self, folder: Path, predictions: Predictions) -> None:
        """Write the model of the present epoch, and `predictions.parquet` beside it.

        A baseline that is scored on pictures which the data name leaves `out_of_fold.parquet`, too.
        """
        self.save_model(folder)
        store.save_predictions(folder / "predictions.parquet", predictions)
        if self._answers is not None and self._answers.out_of_fold is not None:
            store.save_predictions(folder / "out_of_fold.parquet", self._answers.out_of_fold)

    def evaluate(self) -> tuple[Predictions, dict[str, float]]:
        """Predictions for the validation pictures, and all metrics of them."""
        predictions = self.predict()
        return predictions, classification_metrics(predictions.probabilities, predictions.labels)

    @property
    def evidence(self) -> Evidence:
        """The pictures that the trial is scored on."""
        if self._answers is None or not self.data.is_cross_validated:
            further = self._answers and self._answers.out_of_fold
            return Evidence(
                num_pictures=len(self.data.validation.labels),
                num_out_of_fold=len(further.labels) if further else 0,
            )
        num_folds = int(self.fitted.folds.max()) + 1
        return Evidence(num_pictures=len(self._answers.scored.labels), num_folds=num_folds)

    def scored_classes(self) -> set[int]:
        """Classes among the pictures that the trial is scored on."""
        scored_on = self.data.validation if self._answers is None else self._answers.scored
        labels = scored_on.labels
        counts = decisions.counts(labels, len(self.data.class_names))
        return set(np.flatnonzero(counts).tolist())

    def predict(self, pictures: LabelledPictures | None = None) -> Predictions:
        """Probabilities for every picture that the trial is scored on, or for others.

        A baseline is scored on all of them, each by a model that has not seen it, unless the data
        name the validation pictures; a trained model on the validation pictures, in parts if memory
        is short.

        Args:
            pictures: others, for which a trained model answers.
        """
        if self._answers is not None:
            return self._answers.scored
        pictures = pictures or self.data.validation
        wanted_size = self.hyperparameters.validation_batch_size
        side, device = self.hyperparameters.validation_crop_size, self.placement.device
        while True:
            size = part_size(wanted_size, self.recovery.num_validation_parts)
            batches = scored_batches(
                opened(pictures.pictures), side, batch_size=size, device=device
            )
            try:
                with quiet.Work() as work:
                    network = self.learner.scored_network
                    probabilities = predict(network, self.learner.task, work.steps(batches))
                return Predictions(pictures.sample_ids, pictures.labels, probabilities)
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
            # only after the except block nothing refers to the tensors of the failed step
            self._free_memory(size, side)
            num_parts = self.recovery.num_validation_parts * 2
            self.recovery = self.recovery.model_copy(update={"num_validation_parts": num_parts})

    def train_batches(self) -> Iterator[TrainBatch]:
        """The batches of one epoch."""
        return train_batches(
            self.train_pictures,
            self.fitted.labels,
            self.augmentation,
            batch_size=self.learner.batch_size,
            generator=self.learner.generator,
            device=self.placement.device,
            ranks=self.placement.ranks,
            is_mixed=self.learner.task.is_mixed,
        )

    def _epoch(self) -> float:
        """Train one epoch, repeated in more parts while memory is short; returns the mean loss."""
        while True:
            try:
                batches = until_cancelled(self.train_batches(), self._is_cancelled)
                with quiet.Work() as work:
                    loss = self.learner.train_epoch(
                        work.steps(batches), num_parts=self.recovery.num_parts
                    )
                break
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
            # only after the except block nothing refers to the tensors of the failed step
            ranks = self.placement.ranks
            of_rank = self.learner.batch_size // ranks.number
            size = part_size(of_rank, self.recovery.num_parts)
            self._free_memory(size, self.hyperparameters.training_crop_size)
            num_parts = self.recovery.num_parts * 2
            self.recovery = self.recovery.model_copy(update={"num_parts": num_parts})
            if not ranks.is_alone:
                raise StartAgainError
            self.learner.load_state(self.good)
        state = self.learner.state()
        if not (math.isfinite(loss) and state.is_finite()):
            raise DivergedError(
                f"The loss or a weight became infinite or NaN in epoch {self.epoch}, and again "
                "after a restart at a tenth of the learning rate. Lower learning_rate, or set "
                "precision: fp32."
            )
        self.good = state
        return loss

    def _restart(self) -> None:
        """Return to the last good epoch and lower the learning rate."""
        self.learner.load_state(self.good)
        self.learner.multiply_rate(RESTART_FACTOR)
        self.recovery = self.recovery.model_copy(update={"restarted_at": self.epoch})
        self.good = self.learner.state()

    def _free_memory(self, num_pictures: int, side: int) -> None:
        """Free what the failed step has left in memory.

        Raises:
            OutOfMemoryError: the step had one picture, so smaller parts are not possible.
        """
        if num_pictures == 1:
            raise OutOfMemoryError(
                f"Not even one picture of {side} px fits into the memory. Choose a smaller model "
                "or smaller pictures, or run fewer trials at a time."
            )
        self.learner.drop_gradients()
        gc.collect()
        if self.placement.device.type == "cuda":
            torch.cuda.empty_cache()

    def _forward(self) -> Callable[[torch.Tensor], torch.Tensor]:
        """The network as the learner calls it: compiled, or with the gradients of all ranks."""
        if not self.placement.ranks.is_alone:
            return self.placement.ranks.averaging(self.learner.network)
        side = self.hyperparameters.training_crop_size
        sample = torch.zeros(self.learner.batch_size, 3, side, side, device=self.placement.device)
        return process_state.compiled(
            self.learner.network,
            self.hyperparameters,
            sample.to(memory_format=torch.channels_last),
            num_images=len(self.fitted.labels),
        )
