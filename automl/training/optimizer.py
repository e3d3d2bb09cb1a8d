"""The optimizer of a trial, made by timm."""

from typing import Any

import torch
from timm.optim import create_optimizer_v2
from torch import nn

from automl.jobs.hyperparameters import Hyperparameters


def make_optimizer(network: nn.Module, hyperparameters: Hyperparameters) -> torch.optim.Optimizer:
    """timm's factory: it leaves biases and norms out of the weight decay.

    With `layer_decay` each of timm's layers has a group of its own, with the rate times the decay
    to the power of its distance from the head (Clark et al., ELECTRA, 2020; Bao et al., BEiT,
    2021).
    """
    if hyperparameters.optimizer == "sgd":
        has_nesterov = hyperparameters.nesterov and hyperparameters.momentum > 0
        kind = "sgd" if has_nesterov else "momentum"
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
        layer_decay=hyperparameters.layer_decay if hyperparameters.layer_decay < 1 else None,
        fused=True,  # one pass over the weights; on a CPU the loop costs a fifth of the step
        **options,
    )
    for group in optimizer.param_groups:  # timm leaves this to its own schedules
        group["lr"] *= group.get("lr_scale", 1.0)
    return optimizer
