"""The settings in effect in a trial, read back from its live objects, and notes on them."""

import os
import socket
from typing import Any

import numpy as np
import timm
import torch

from automl.jobs import model_catalog
from automl.jobs.hyperparameters import EFFECTIVE_WITHOUT_TRAINING
from automl.model import blocks
from automl.model.building import BuiltModel
from automl.model.network import count_parameters
from automl.texts import mark
from automl.training import process_state
from automl.training.batches import part_size
from automl.training.learner import Learner
from automl.training.trial_training import Placement, TrialTraining


def in_effect(training: TrialTraining) -> dict[str, Any]:
    """The values read back, and the resolved values of all other hyperparameters with an effect."""
    resolved = training.hyperparameters.model_dump()
    if not training.trains:
        resolved = {name: resolved[name] for name in EFFECTIVE_WITHOUT_TRAINING}
    return {**resolved, **read_back(training)}


def read_back(training: TrialTraining) -> dict[str, Any]:
    """Plain values; those of a hyperparameter are under its name."""
    learner = training.learner
    return {
        **(_of_training(training) if training.trains else {}),
        "model": type(training.built.network).__name__,
        "weights": training.built.weights,
        **_licence(training.built),
        **count_parameters(training.built.network),
        "training_crop_size": training.augmentation.size,
        "precision": str(learner.dtype or torch.float32).removeprefix("torch."),
        "device": _device_name(training.placement),
        "worker": _worker(),
        **process_state.in_effect(),
        "num_train_images": len(training.fitted.labels),
        "num_validation_images": training.evidence.num_pictures,
        "split_hash": training.data.split_hash,
        # plain text: torch's own type would make the reader of this import torch
        "torch": str(torch.__version__),
        "timm": timm.__version__,
        "numpy": np.__version__,
    }


def _worker() -> str:
    number, host = os.getpid(), socket.gethostname()
    return mark(f"process {number} on {host}")


def _licence(built: BuiltModel) -> dict[str, str]:
    """Licence of the pretrained weights the trial started from, if it did."""
    if not built.is_pretrained:
        return {}
    return {"weights_licence": built.weights_licence or model_catalog.UNKNOWN_LICENCE}


def _of_training(training: TrialTraining) -> dict[str, Any]:
    learner = training.learner
    return {
        "frozen": _frozen(training.built.frozen),
        **_optimizer(learner.optimizer),
        **_schedule(learner, training.hyperparameters.number_of_epochs),
        "gradient_accumulation_step": learner.accumulation,
        "training_batch_size": learner.batch_size,
        "micro_batch_size": part_size(
            learner.batch_size // learner.ranks.number, training.recovery.num_parts
        ),
        "loader": mark(f"{learner.num_batches} batches of {learner.batch_size}, in random order"),
        "transforms": training.augmentation.in_effect(),
        "batch_norm_statistics": _statistics(training),
        "loss": training.hyperparameters.loss,
        "label_smoothing": training.hyperparameters.label_smoothing,
        "class_weights": learner.task.class_weights(),
        "model_ema": learner.mean_weights is not None,
        "compile": "on" if _is_compiled(learner) else "off",
    }


def notes(training: TrialTraining) -> list[str]:
    """Sentences to show beside the score."""
    learner, data = training.learner, training.data
    has_batch_statistics = blocks.has_batch_statistics(
        learner.network, keeps_statistics=learner.keeps_statistics
    )
    asks_network = training.hyperparameters.method != "majority_class"
    sentences = [
        *(training.built.notes if asks_network else ()),
        *training.recovery.notes(learner.batch_size, has_batch_statistics=has_batch_statistics),
    ]
    if training.hyperparameters.compile == "on" and not learner.ranks.is_alone:
        sentences.append(mark("compile has no effect on several devices."))
    wanted_size = training.hyperparameters.training_batch_size
    if training.trains and learner.batch_size != wanted_size:
        sentences.append(
            mark(
                "A batch holds {size} pictures instead of {wanted}: there are {count} to train on."
            ).format(size=learner.batch_size, wanted=wanted_size, count=len(training.fitted.labels))
        )
    present = training.scored_classes()
    missing = [name for index, name in enumerate(data.class_names) if index not in present]
    if missing:
        sentences.append(
            mark(
                "There are no validation pictures of {classes}: macro averages leave these classes "
                "out."
            ).format(classes=", ".join(missing))
        )
    return sentences


def _optimizer(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    groups = optimizer.param_groups
    group = groups[0]
    values = {
        "optimizer": type(optimizer).__name__.lower(),
        "learning_rate": max(g["initial_lr"] for g in groups),
        "lowest_learning_rate": min(g["initial_lr"] for g in groups),
        "weight_decay": max(g["weight_decay"] for g in groups),
        "num_parameter_groups": len(groups),
    }
    if "betas" in group:
        values |= {"beta1": group["betas"][0], "beta2": group["betas"][1]}
    if "amsgrad" in group:
        values["ams_gradient"] = group["amsgrad"]
    return values | {key: group[key] for key in ("momentum", "nesterov") if key in group}


def _schedule(learner: Learner, number_of_epochs: int) -> dict[str, Any]:
    """The highest rate of the parameter groups at three updates, computed by the live schedule."""
    total = learner.updates_per_epoch * number_of_epochs
    rate, factor = max(learner.schedule.base_lrs), learner.schedule.lr_lambdas[0]
    points = {"first": 0, "middle": total // 2, "last": total - 1}
    return {
        "updates_per_epoch": learner.updates_per_epoch,
        **{f"learning_rate_{name}": rate * factor(update) for name, update in points.items()},
    }


def _frozen(names: list[str]) -> str:
    if not names:
        return mark("nothing")
    first, last = names[0], names[-1]
    return mark(f"{len(names)} tensors, {first} to {last}")


def _statistics(training: TrialTraining) -> str:
    if training.learner.keeps_statistics:
        return mark("kept")
    is_of_part = not training.learner.ranks.is_alone and training.placement.device.type == "cpu"
    return mark("of each process's part of a batch") if is_of_part else mark("of each batch")


def _is_compiled(learner: Learner) -> bool:
    return learner.ranks.is_alone and learner.forward is not learner.network


def _device_name(placement: Placement) -> str:
    device, number = placement.device, placement.ranks.number
    name = str(device) if device.type == "cpu" else torch.cuda.get_device_properties(device).name
    return name if number == 1 else f"{number} x {name}"
