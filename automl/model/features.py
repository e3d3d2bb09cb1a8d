"""What a model sees in pictures before its last layer: the features a linear probe works on."""

import hashlib
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from automl.host import home
from automl.model.blocks import last_layer
from automl.model.network import Normalised


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


def of_train_pictures(
    network: Normalised,
    weights: str,
    pixels: Path | NDArray[np.uint8],
    batches: Iterable[Tensor],
    size: int,
) -> NDArray[np.float32]:
    """Features (N, D) of the training pictures, from the cache if they are there.

    Args:
        network: frozen, with the weights.
        weights: the folder of pretrained weights they are; others are not remembered.
        pixels: the decoded training pictures; a file is named after its content.
        batches: these, as `extract` wants them.
        size: side of the pictures in the batches, in pixels.
    """
    folder = Path(weights)
    if not (folder.is_dir() and isinstance(pixels, Path)):
        return extract(network, batches)
    status = (folder / "model.safetensors").stat()
    # the file of the pixels is named by the content of the pictures
    key = [str(folder), status.st_mtime_ns, status.st_size, pixels.name, size]
    name = hashlib.sha256(json.dumps(key).encode()).hexdigest()
    path = home.cache_dir("features") / f"{name}.npy"
    try:
        return np.asarray(np.load(path))
    except (OSError, ValueError):  # not there, or cut off
        seen = extract(network, batches)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".partial", delete=False) as file:
        np.save(file, seen)
    Path(file.name).replace(path)
    return seen


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
