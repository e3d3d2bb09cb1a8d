"""The objects that change while a network is trained, and the training steps.

A copy of this file travels with exported training code.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from timm.utils import ModelEmaV3
from torch import Tensor

from automl.model import blocks
from automl.model.network import Normalised
from automl.training.batches import TrainBatch, part_size, plan_batches
from automl.training.precision import autocast, autocast_dtype
from automl.training.ranks import ALONE, Ranks, without_exchange
from automl.training.recipe import Recipe, make_optimizer, make_schedule
from automl.training.task import Task


@dataclass(frozen=True)
class LearnerState:
    """All that decides how training continues.

    tensors: weights, their running means, optimizer and random states; values: the rest, as JSON.
    """

    tensors: dict[str, Tensor]
    values: dict[str, Any]

    def is_finite(self) -> bool:
        """True if no weight is infinite or NaN."""
        weights = [t for name, t in self.tensors.items() if name.startswith("network.")]
        return all(bool(t.isfinite().all()) for t in weights)

    def part(self, prefix: str) -> dict[str, Tensor]:
        """The tensors of one object, under their names in it."""
        return {
            name.removeprefix(prefix): tensor
            for name, tensor in self.tensors.items()
            if name.startswith(prefix)
        }


class Learner:
    """A network with its optimizer, schedule, running mean of the weights and random state.

    A learner that loads a state takes the same steps as the one that the state was taken from.
    """

    def __init__(  # noqa: PLR0913
        self,
        network: Normalised,
        task: Task,
        recipe: Recipe,
        *,
        num_pictures: int,
        keeps_statistics: bool = False,
        ranks: Ranks = ALONE,
    ) -> None:
        """Start at epoch 0.

        Args:
            network: on its device, its head and its frozen blocks as training starts.
            task: loss and targets.
            recipe: how to train.
            num_pictures: number of training pictures.
            keeps_statistics: batch norms use the statistics they came with, as a linear probe
                that the head was fitted by did.
            ranks: the place of this process among those that train the network.
        """
        self.device = next(network.parameters()).device
        self.network = network
        self.ranks = ranks
        self.forward: Callable[[Tensor], Tensor] = network
        self.task = task.to(self.device)
        self.keeps_statistics = keeps_statistics
        self.generator = torch.Generator().manual_seed(recipe.random_seed)
        """Source of the order and the augmentation of pictures, on the CPU."""

        self.random_seed = recipe.random_seed
        self.num_batches, self.batch_size = plan_batches(
            num_pictures, recipe.training_batch_size, ranks.number
        )
        # a small data set may have fewer batches than are to be accumulated
        self.accumulation = min(recipe.gradient_accumulation_step, self.num_batches)
        self.updates_per_epoch = math.ceil(self.num_batches / self.accumulation)
        self.optimizer = make_optimizer(network.network, recipe)
        self.schedule = make_schedule(
            self.optimizer, recipe, updates_per_epoch=self.updates_per_epoch
        )
        self.mean_weights: ModelEmaV3 | None = None
        if recipe.model_ema:
            self.mean_weights = ModelEmaV3(network, decay=recipe.model_ema_decay, use_warmup=True)
        self.dtype = autocast_dtype(self.device, recipe.precision)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=self.dtype is torch.float16)
        self.epoch = 0
        self._num_pictures = 0
        self._weight: Tensor | float = 0.0

    @property
    def scored_network(self) -> Normalised:
        """The network that is scored and saved: the running mean of the weights if it is on."""
        if self.mean_weights is None:
            return self.network
        mean: Normalised = self.mean_weights.module
        return mean

    def train_epoch(self, batches: Iterable[TrainBatch], *, num_parts: int = 1) -> float:
        """Train one epoch; returns the mean loss of all ranks.

        Args:
            batches: as many as planned.
            num_parts: parts that each batch is computed in, one after the other.
        """
        blocks.train_mode(self.network, keeps_statistics=self.keeps_statistics)
        self.ranks.seed(self.random_seed, self.epoch, self.device)
        self.drop_gradients()
        loss = torch.zeros((), device=self.device)
        weight: Tensor | float = 0.0
        for number, batch in enumerate(batches):
            first = number - number % self.accumulation
            together = min(self.accumulation, self.num_batches - first)
            is_last = number + 1 == first + together
            loss += self.backward(batch, together, num_parts=num_parts, is_last=is_last)
            if is_last:
                weight = weight + self._weight
                self.update()
        self.epoch += 1
        weights = torch.as_tensor(weight, device=self.device)
        return float(self.ranks.sum(loss) / self.ranks.sum(weights))

    def backward(
        self, batch: TrainBatch, together: int, *, num_parts: int = 1, is_last: bool = True
    ) -> Tensor:
        """Add the gradient of a batch to that of the next update; returns the sum of its losses.

        The gradient of an update is that of the mean loss over all its pictures, whatever batches
        and parts they are computed in. With class weights the mean is over the sum of the weights,
        which is known only after the last batch. So here each loss is divided by the number of
        pictures, which keeps fp16 in range, and `update` corrects the factor.

        Args:
            batch: pixels and labels.
            together: number of batches, all of this size, in the next update.
            num_parts: parts to compute the batch in, to save memory.
            is_last: the update follows, so that the gradients of all ranks are averaged here.
        """
        mixed = self.task.mix(batch.pixels, batch.labels)
        pixels, targets = (each[batch.num_neighbours :] for each in mixed)
        size = part_size(len(targets), num_parts)
        total = torch.zeros((), device=self.device)
        parts = list(zip(pixels.split(size), targets.split(size), strict=True))
        for number, (part, wanted) in enumerate(parts):
            goes_on = not is_last or number + 1 < len(parts)
            with without_exchange(self.forward, is_on=goes_on):
                with autocast(self.device, self.dtype):
                    loss = self.task.loss_sum(self.forward(part), wanted)
                self.scaler.scale(loss / (together * len(targets))).backward()
            total += loss.detach()
        self._num_pictures += len(targets)
        self._weight = self._weight + self.task.weight_sum(targets)
        return total

    def update(self) -> None:
        """Change the weights by the gradient of the batches since the last update."""
        if isinstance(self._weight, Tensor):
            # the gradients are means of the ranks, which have as many pictures each
            factor = self.ranks.number * self._num_pictures / self.ranks.sum(self._weight)
            for parameter in self.network.parameters():
                if parameter.grad is not None:
                    parameter.grad.mul_(factor)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.drop_gradients()
        self.schedule.step()
        if self.mean_weights is not None:
            self.mean_weights.update(self.network, step=self.schedule.last_epoch)

    def drop_gradients(self) -> None:
        """Forget the batches since the last update."""
        self.optimizer.zero_grad(set_to_none=True)
        self._num_pictures = 0
        self._weight = 0.0

    def multiply_rate(self, factor: float) -> None:
        """Multiply the learning rate of all further updates."""
        for group in self.optimizer.param_groups:
            group["lr"] *= factor
            group["initial_lr"] *= factor
        self.schedule.base_lrs = [rate * factor for rate in self.schedule.base_lrs]

    def state(self) -> LearnerState:
        """A copy of the state, on the device of the network."""
        optimizer = self.optimizer.state_dict()
        tensors = {f"network.{key}": value for key, value in self.network.state_dict().items()}
        if self.mean_weights is not None:
            mean = self.mean_weights.module.state_dict()
            tensors |= {f"mean.{key}": value for key, value in mean.items()}
        for index, state in optimizer["state"].items():
            kept = {key: value for key, value in state.items() if value is not None}
            tensors |= {f"optimizer.{index}.{key}": value for key, value in kept.items()}
        tensors["random.torch"] = torch.get_rng_state()
        tensors["random.pictures"] = self.generator.get_state()
        if self.device.type == "cuda":
            tensors["random.cuda"] = torch.cuda.get_rng_state(self.device)
        values = {
            "epoch": self.epoch,
            "update": self.schedule.last_epoch,
            "rates": [[group["lr"], group["initial_lr"]] for group in optimizer["param_groups"]],
            "scaler": self.scaler.state_dict(),
        }
        return LearnerState({name: t.detach().clone() for name, t in tensors.items()}, values)

    def load_state(self, state: LearnerState) -> None:
        """Become the learner that the state was taken from."""
        self.network.load_state_dict(state.part("network."))
        if self.mean_weights is not None:
            self.mean_weights.module.load_state_dict(state.part("mean."))
        self._load_optimizer(state)
        torch.set_rng_state(state.tensors["random.torch"].cpu())
        self.generator.set_state(state.tensors["random.pictures"].cpu())
        if "random.cuda" in state.tensors:
            torch.cuda.set_rng_state(state.tensors["random.cuda"].cpu(), self.device)
        self.epoch = state.values["epoch"]
        self.scaler.load_state_dict(state.values["scaler"])

    def _load_optimizer(self, state: LearnerState) -> None:
        groups = self.optimizer.state_dict()["param_groups"]
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        for group, (rate, initial) in zip(groups, state.values["rates"], strict=True):
            group |= {"lr": rate, "initial_lr": initial}
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in state.part("optimizer.").items():
            index, _, key = name.partition(".")
            like = parameters[int(index)]
            # the memory layout of the weight (channels last), which a file does not keep
            copy = (
                torch.empty_like(like).copy_(tensor)
                if tensor.shape == like.shape
                else tensor.clone()
            )
            moments.setdefault(int(index), {})[key] = copy.detach()
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        self.schedule.base_lrs = [group["initial_lr"] for group in self.optimizer.param_groups]
        self.schedule.last_epoch = state.values["update"]


def predict(network: Normalised, task: Task, batches: Iterable[Tensor]) -> NDArray[np.float32]:
    """Probabilities (N, K) for pixels in 0 to 1, float (B, 3, H, W).

    In fp32, so that the exported model gives the same.
    """
    network.eval()
    parts = []
    with torch.inference_mode():
        for pixels in batches:
            parts.append(task.probabilities(network(pixels).float()).cpu())
    return torch.cat(parts).numpy()
