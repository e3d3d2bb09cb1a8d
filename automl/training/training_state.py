"""All that decides how a trial goes on: copied in memory, kept on disk, put back.

A trial that goes on from its state takes the same steps as one that was never interrupted. On disk
it is `state.safetensors` and `state.json`; nothing is pickled.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import safetensors.torch
import torch
from torch import Tensor

from automl.training import resume_state
from automl.training.resume_state import KeptState

if TYPE_CHECKING:
    from automl.training.trial_training import TrialTraining


@dataclass(frozen=True)
class TrainingState:
    """tensors: weights, running means, optimizer, random states; values: the rest, as JSON."""

    tensors: dict[str, Tensor]
    values: dict[str, Any]

    def is_finite(self) -> bool:
        """Whether no weight has become infinite or NaN."""
        weights = [t for name, t in self.tensors.items() if name.startswith("network.")]
        return all(bool(t.isfinite().all()) for t in weights)


def take(training: "TrialTraining") -> TrainingState:
    """A copy, on the device where the trial is."""
    optimizer = training.optimizer.state_dict()
    tensors = {f"network.{key}": value for key, value in training.network.state_dict().items()}
    if training.mean_weights is not None:
        mean = training.mean_weights.module.state_dict()
        tensors |= {f"mean.{key}": value for key, value in mean.items()}
    for index, state in optimizer["state"].items():
        kept = {key: value for key, value in state.items() if value is not None}
        tensors |= {f"optimizer.{index}.{key}": value for key, value in kept.items()}
    tensors["random.torch"] = torch.get_rng_state()
    tensors["random.pictures"] = training.generator.get_state()
    if training.placement.device.type == "cuda":
        tensors["random.cuda"] = torch.cuda.get_rng_state(training.placement.device)
    values = {
        "epoch": training.epoch,
        "update": training.schedule.last_epoch,
        "rates": [[group["lr"], group["initial_lr"]] for group in optimizer["param_groups"]],
        "scaler": training.scaler.state_dict(),
        "recovery": training.recovery.model_dump(),
    }
    return TrainingState(
        {name: tensor.detach().clone() for name, tensor in tensors.items()}, values
    )


def put_back(training: "TrialTraining", state: TrainingState) -> None:
    """Make the trial's live objects what they were, but for what was recovered from since."""
    training.network.load_state_dict(_part(state, "network."))
    if training.mean_weights is not None:
        training.mean_weights.module.load_state_dict(_part(state, "mean."))
    _put_back_optimizer(training, state)
    torch.set_rng_state(state.tensors["random.torch"].cpu())
    training.generator.set_state(state.tensors["random.pictures"].cpu())
    if "random.cuda" in state.tensors:
        torch.cuda.set_rng_state(state.tensors["random.cuda"].cpu(), training.placement.device)
    training.epoch = state.values["epoch"]
    training.scaler.load_state_dict(state.values["scaler"])


def save(folder: Path, state: TrainingState) -> None:
    tensors = {name: tensor.cpu().contiguous() for name, tensor in state.tensors.items()}
    safetensors.torch.save_file(tensors, folder / resume_state.TENSORS)
    (folder / resume_state.VALUES).write_text(json.dumps(state.values), "utf-8")


def load(state: KeptState) -> TrainingState:
    if isinstance(state.tensors, bytes):
        return TrainingState(safetensors.torch.load(state.tensors), state.values)
    return TrainingState(safetensors.torch.load_file(state.tensors), state.values)


def _part(state: TrainingState, prefix: str) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in state.tensors.items()
        if name.startswith(prefix)
    }


def _put_back_optimizer(training: "TrialTraining", state: TrainingState) -> None:
    optimizer = training.optimizer
    groups = optimizer.state_dict()["param_groups"]
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for group, (rate, initial) in zip(groups, state.values["rates"], strict=True):
        group |= {"lr": rate, "initial_lr": initial}
    kept: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _part(state, "optimizer.").items():
        index, _, key = name.partition(".")
        like = parameters[int(index)]
        # memory in the order of the weights', which a file does not keep
        same = (
            torch.empty_like(like).copy_(tensor) if tensor.shape == like.shape else tensor.clone()
        )
        kept.setdefault(int(index), {})[key] = same.detach()
    optimizer.load_state_dict({"state": kept, "param_groups": groups})
    training.schedule.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
    training.schedule.last_epoch = state.values["update"]
    training.schedule._last_lr = [group["lr"] for group in optimizer.param_groups]
