"""What is really in effect in a trial, read back from its live objects, and what to say of it."""

import os
import socket
from typing import TYPE_CHECKING, Any

import numpy as np
import timm
import torch

from automl.jobs.hyperparameters import EFFECTIVE_WITHOUT_TRAINING
from automl.model.network import count_parameters
from automl.training import process_state
from automl.training.recovery import part_size

if TYPE_CHECKING:
    from automl.training.trial_training import TrialTraining


def in_effect(training: "TrialTraining") -> dict[str, Any]:
    """What is read back, and the resolved value of every other hyperparameter with an effect."""
    resolved = training.hyperparameters.model_dump()
    if not training.trains:
        resolved = {name: resolved[name] for name in EFFECTIVE_WITHOUT_TRAINING}
    return {**resolved, **read_back(training)}


def read_back(training: "TrialTraining") -> dict[str, Any]:
    """Under the name of the hyperparameter where it is one; plain values only."""
    return {
        **(_of_training(training) if training.trains else {}),
        "model": type(training.built.network).__name__,
        "weights": training.built.weights,
        **count_parameters(training.built.network),
        "training_crop_size": training.augmentation.size,
        "precision": str(training.autocast_dtype or torch.float32).removeprefix("torch."),
        "device": _name(training.placement.device),
        "worker": f"process {os.getpid()} on {socket.gethostname()}",
        **process_state.in_effect(),
        "num_train_images": len(training.data.train.labels),
        "num_validation_images": len(training.data.validation.labels),
        "split_hash": training.data.split_hash,
        # plain text: torch's own type would make the reader of this import torch
        "torch": str(torch.__version__),
        "timm": timm.__version__,
        "numpy": np.__version__,
    }


def _of_training(training: "TrialTraining") -> dict[str, Any]:
    return {
        "frozen": _frozen(training.built.frozen),
        **_optimizer(training.optimizer),
        **_schedule(training),
        "gradient_accumulation_step": training.accumulation,
        "training_batch_size": training.batch_size,
        "micro_batch_size": part_size(training.batch_size, training.recovery.num_parts),
        "loader": f"{training.num_batches} batches of {training.batch_size}, in random order",
        "transforms": training.augmentation.in_effect(),
        "batch_norm_statistics": "kept" if training.starts_from_probe else "of each batch",
        "label_smoothing": training.loss.label_smoothing,
        "class_weights": _class_weights(training.loss),
        "model_ema": training.mean_weights is not None,
        "compile": "off" if training.forward is training.network else "on",
    }


def notes(training: "TrialTraining") -> list[str]:
    """Sentences to show beside the score."""
    said = [*training.built.notes, *training.recovery.notes(training.batch_size)]
    asked, num_images = (
        training.hyperparameters.training_batch_size,
        len(training.data.train.labels),
    )
    if training.trains and training.batch_size != asked:
        said.append(
            f"A batch holds {training.batch_size} pictures instead of {asked}: there are "
            f"{num_images} to train on."
        )
    seen = set(training.data.validation.labels.tolist())
    names = enumerate(training.data.class_names)
    unseen = [name for index, name in names if index not in seen]
    if unseen:
        said.append(
            f"There are no validation pictures of {', '.join(unseen)}: macro averages leave such "
            "classes out."
        )
    return said


def _optimizer(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    groups = optimizer.param_groups
    group = groups[0]
    found = {
        "optimizer": type(optimizer).__name__.lower(),
        "learning_rate": max(g["initial_lr"] for g in groups),
        "lowest_learning_rate": min(g["initial_lr"] for g in groups),
        "weight_decay": max(g["weight_decay"] for g in groups),
        "num_parameter_groups": len(groups),
    }
    if "betas" in group:
        found |= {"beta1": group["betas"][0], "beta2": group["betas"][1]}
    if "amsgrad" in group:
        found["ams_gradient"] = group["amsgrad"]
    return found | {key: group[key] for key in ("momentum", "nesterov") if key in group}


def _schedule(training: "TrialTraining") -> dict[str, Any]:
    """The highest rate of the groups at three updates, as the live schedule has it."""
    total = training.updates_per_epoch * training.hyperparameters.number_of_epochs
    rate, share = max(training.schedule.base_lrs), training.schedule.lr_lambdas[0]
    points = {"first": 0, "middle": total // 2, "last": total - 1}
    return {
        "updates_per_epoch": training.updates_per_epoch,
        **{f"learning_rate_{name}": rate * share(update) for name, update in points.items()},
    }


def _frozen(names: list[str]) -> str:
    return f"{len(names)} tensors, {names[0]} to {names[-1]}" if names else "nothing"


def _class_weights(loss: torch.nn.CrossEntropyLoss) -> list[float] | str:
    return "equal" if loss.weight is None else [round(w, 4) for w in loss.weight.tolist()]


def _name(device: torch.device) -> str:
    if device.type == "cpu":
        return str(device)
    return str(torch.cuda.get_device_properties(device).name)
