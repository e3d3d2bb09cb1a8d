"""Training settings of a network, and the optimizer and schedule built from them.

A copy of this file travels with exported training code: torch and timm are all it needs.
"""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Self

from timm.optim import create_optimizer_v2
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR


@dataclass(frozen=True)
class Recipe:
    """The hyperparameters that decide the training steps, under their names in a job."""

    random_seed: int
    number_of_epochs: int
    training_batch_size: int
    gradient_accumulation_step: int
    precision: str

    optimizer: str
    learning_rate: float
    weight_decay: float
    layer_decay: float
    momentum: float
    nesterov: bool
    beta1: float
    beta2: float
    ams_gradient: bool

    learning_rate_scheduler: str
    warmup_cosine_lr_warmup_epochs: int
    warmup_cosine_lr_cycles: float
    step_lr_step_size: int
    step_lr_gamma: float

    weighted_loss: int
    loss: str
    asymmetric_loss_gamma_positive: float
    asymmetric_loss_gamma_negative: float
    asymmetric_loss_margin: float
    label_smoothing: float
    mixup: float
    cutmix: float
    model_ema: bool
    model_ema_decay: float

    @classmethod
    def read(cls, hyperparameters: Any) -> Self:
        """Copy the attributes of the same names."""
        names = [field.name for field in dataclasses.fields(cls)]
        return cls(**{name: getattr(hyperparameters, name) for name in names})


def make_optimizer(network: nn.Module, recipe: Recipe) -> Optimizer:
    """timm's factory, which excludes biases and norms from the weight decay.

    With `layer_decay` each of timm's layers has a group of its own, whose rate is multiplied by
    the decay to the power of its distance from the head (Clark et al., ELECTRA, 2020; Bao et al.,
    BEiT, 2021).
    """
    if recipe.optimizer == "sgd":
        kind = "sgd" if recipe.nesterov and recipe.momentum > 0 else "momentum"
        options: dict[str, Any] = {"momentum": recipe.momentum}
    else:
        kind = recipe.optimizer
        options = {"betas": (recipe.beta1, recipe.beta2), "amsgrad": recipe.ams_gradient}
    optimizer: Optimizer = create_optimizer_v2(
        network,
        opt=kind,
        lr=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        layer_decay=recipe.layer_decay if recipe.layer_decay < 1 else None,
        fused=True,  # one pass over the weights; on a CPU the loop costs a fifth of the step
        **options,
    )
    for group in optimizer.param_groups:  # only timm's own schedules apply `lr_scale`
        group["lr"] *= group.get("lr_scale", 1.0)
    return optimizer


def make_schedule(optimizer: Optimizer, recipe: Recipe, *, updates_per_epoch: int) -> LambdaLR:
    """A schedule that is stepped after every update of the weights.

    timm's schedules have no cosine with a fractional number of cycles, which Azure's
    `warmup_cosine_lr_cycles` needs.
    """
    return LambdaLR(optimizer, lambda update: rate_factor(update, recipe, updates_per_epoch))


def rate_factor(update: int, recipe: Recipe, updates_per_epoch: int) -> float:
    """Share of the highest learning rate for an update; `update` counts from 0.

    warmup_cosine: with w of T updates for the warm-up, update s, counted from 1, has the share
    s / w up to w, then 1/2 (1 + cos(2 pi cycles (s - w) / (T - w))), but at least 0.
    """
    if recipe.learning_rate_scheduler == "none":
        return 1.0
    if recipe.learning_rate_scheduler == "step":
        return float(
            recipe.step_lr_gamma ** (update // (recipe.step_lr_step_size * updates_per_epoch))
        )
    warmup = recipe.warmup_cosine_lr_warmup_epochs * updates_per_epoch
    total = recipe.number_of_epochs * updates_per_epoch
    number = update + 1
    if number <= warmup:
        return number / warmup
    done = (number - warmup) / max(1, total - warmup)
    return max(0.0, 0.5 * (1 + math.cos(2 * math.pi * recipe.warmup_cosine_lr_cycles * done)))
