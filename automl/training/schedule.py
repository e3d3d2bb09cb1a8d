"""How the learning rate changes from update to update."""

import math

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from automl.jobs.hyperparameters import Hyperparameters


def make_schedule(
    optimizer: Optimizer, hyperparameters: Hyperparameters, *, updates_per_epoch: int
) -> LambdaLR:
    """A schedule to be stepped after every weight update.

    timm's own schedules have no cosine with a free number of cycles, which Azure's key asks for.
    """
    return LambdaLR(optimizer, lambda update: factor(update, hyperparameters, updates_per_epoch))


def factor(update: int, hyperparameters: Hyperparameters, updates_per_epoch: int) -> float:
    """Share of the highest learning rate with which the next update is made, after so many.

    warmup_cosine: with w of T updates for the warm-up, update s, counted from 1, has the share
    s / w up to w, then 1/2 (1 + cos(2 pi cycles (s - w) / (T - w))), never below 0.
    """
    if hyperparameters.learning_rate_scheduler == "none":
        return 1.0
    if hyperparameters.learning_rate_scheduler == "step":
        steps = update // (hyperparameters.step_lr_step_size * updates_per_epoch)
        return hyperparameters.step_lr_gamma**steps
    warmup = hyperparameters.warmup_cosine_lr_warmup_epochs * updates_per_epoch
    total = hyperparameters.number_of_epochs * updates_per_epoch
    number = update + 1
    if number <= warmup:
        return number / warmup
    done = (number - warmup) / max(1, total - warmup)
    cycles = hyperparameters.warmup_cosine_lr_cycles
    return max(0.0, 0.5 * (1 + math.cos(2 * math.pi * cycles * done)))
