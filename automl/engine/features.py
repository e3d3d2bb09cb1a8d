"""What a model sees in pictures before its last layer: the features a linear probe works on."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from automl.engine.blocks import last_layer
from automl.engine.model import Normalised


def extract(network: Normalised, batches: Iterable[Tensor]) -> NDArray[np.float32]:
    """Features (N, D): the input of the last layer, with the network as it is for scoring.

    Args:
        network: on the device of the batches; its mode is the same afterwards.
        batches: pixels in 0 to 1, float (B, 3, H, W).

    Raises:
        ValueError: the model has not one plain layer at its end.
    """
    head = linear_head(network.network)
    seen: list[Tensor] = []

    def keep(_: nn.Module, inputs: tuple[Any, ...]) -> None:
        seen.append(inputs[0].flatten(1).float().cpu())

    was_training = network.training
    network.eval()
    hook = head.register_forward_pre_hook(keep)
    try:
        with torch.inference_mode():
            for pixels in batches:
                network(pixels)
    finally:
        hook.remove()
        network.train(was_training)
    return torch.cat(seen).numpy()


def linear_head(network: nn.Module) -> nn.Linear | nn.Conv2d:
    """The last layer, which maps features to logits.

    Raises:
        ValueError: it is of another kind.
    """
    head = last_layer(network)
    is_pointwise = isinstance(head, nn.Conv2d) and head.kernel_size == (1, 1)
    if not (isinstance(head, nn.Linear) or is_pointwise) or head.bias is None:
        raise ValueError(f"The last layer of {type(network).__name__} is not linear.")
    return head  # type: ignore[return-value]
