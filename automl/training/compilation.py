"""Compiling the model for speed, where it pays."""

import logging
from collections.abc import Callable

import torch
from torch import Tensor, nn

from automl.jobs.hyperparameters import Hyperparameters

_LONG_TRAINING = 1_000_000
"""Pictures seen in a training, from which a minute of compiling is won back on a GPU."""

_log = logging.getLogger(__name__)


def forward_of(
    network: nn.Module, hyperparameters: Hyperparameters, sample: Tensor, *, num_images: int
) -> Callable[[Tensor], Tensor]:
    """The network itself, or compiled.

    Args:
        network: on the device.
        hyperparameters: with what was asked for.
        sample: one batch of pixels to try the compiler with.
        num_images: training pictures.

    Raises:
        RuntimeError: it was asked for and cannot be done.
    """
    is_long = num_images * hyperparameters.number_of_epochs >= _LONG_TRAINING
    is_worth_it = sample.device.type == "cuda" and is_long
    if hyperparameters.compile == "off" or (hyperparameters.compile == "auto" and not is_worth_it):
        return network
    compiled: Callable[[Tensor], Tensor] = torch.compile(network)
    was_training = network.training
    network.eval()
    try:
        with torch.no_grad():
            compiled(sample)
    except Exception as error:  # (whatever the compiler says, the model works without)
        if hyperparameters.compile == "on":
            raise RuntimeError(
                f"compile is on, but the model cannot be compiled here ({type(error).__name__}: "
                f"{str(error).splitlines()[0]}). Set compile: off."
            ) from error
        _log.warning("the model cannot be compiled: %s", error)
        return network
    finally:
        network.train(was_training)
    return compiled
