"""How near a picture is to the pictures that a model was trained on, by what its last layer sees.

The distance is the cosine distance of the features to those of the nearest training picture (Sun
et al., Out-of-Distribution Detection with Deep Nearest Neighbors, 2022).
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import normalize

from automl.model import blocks
from automl.model.network import Normalised

_AT_ONCE = 1_000


class Judged(nn.Module):
    """A network with a second output: the distance (B,) to the nearest training picture."""

    bank: Tensor

    def __init__(self, network: nn.Module, seen: list[Tensor], bank: NDArray[np.float32]) -> None:
        """seen: is given the features by the network, see `watched`; bank: directions (M, D)."""
        super().__init__()
        self.network = network
        self._seen = seen
        self.register_buffer("bank", torch.from_numpy(bank))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        self._seen.clear()
        logits = self.network(pixels)
        return logits, 1 - (_direction(self._seen) @ self.bank.T).amax(dim=1)


@contextmanager
def watched(network: nn.Module) -> Iterator[list[Tensor]]:
    """A list that gets the inputs (B, D) of the last layers of all parts in each forward pass."""
    seen: list[Tensor] = []

    def keep(_: nn.Module, inputs: tuple[Any, ...]) -> None:
        seen.append(inputs[0].flatten(1))

    hooks = [head.register_forward_pre_hook(keep) for head in _heads(network)]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


def directions(network: Normalised, batches: Iterable[Tensor]) -> NDArray[np.float32]:
    """(N, D): the features of pictures, of length 1.

    Args:
        network: in evaluation mode.
        batches: pixels in 0 to 1, float (B, 3, H, W).
    """
    found = []
    with watched(network.network) as seen, torch.inference_mode():
        for pixels in batches:
            seen.clear()
            network(pixels)
            found.append(_direction(seen).numpy())
    return np.concatenate(found)


def directions_of(features: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """(N, D) from the inputs (N, D) of each last layer, which are known already."""
    rows: NDArray[np.float32] = _direction([torch.from_numpy(each) for each in features]).numpy()
    return rows


def nearest(
    asked: NDArray[np.float32],
    known: NDArray[np.float32],
    parts: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> NDArray[np.float32]:
    """(N,): distance of N directions to the nearest known one that is not of the same part.

    parts: part of each direction that is asked about (N,) and of each known one (M,).
    """
    found = []
    for start in range(0, len(asked), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        likeness = asked[rows] @ known.T
        likeness[parts[0][rows, None] == parts[1]] = -1.0
        found.append(1 - likeness.max(axis=1))
    return np.concatenate(found)


def _heads(network: nn.Module) -> list[nn.Module]:
    """The last layers; those of an average of networks and of a distilled one are several."""

    def leaves(layer: nn.Module) -> Iterator[nn.Module]:
        if isinstance(layer, nn.ModuleList):
            for each in layer:
                yield from leaves(each)
        else:
            yield layer

    return list(leaves(blocks.last_layer(network)))


def _direction(seen: list[Tensor]) -> Tensor:
    """(B, D) of length 1; each part has the same share of it."""
    directions = torch.cat([normalize(each) for each in seen], dim=1)
    return directions.div(len(seen) ** 0.5)
