"""The processes that train one network together, each on a device of its own.

Every process, called a rank, does the same with its part of each batch. DistributedDataParallel
(Li et al. 2020) averages the gradients, so that all take the same update: that of the whole batch.

A copy of this file travels with exported training code.
"""

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from timm.layers import convert_sync_batchnorm
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

_STRIDE = 1_000_003


@dataclass(frozen=True)
class Ranks:
    """The place of this process among those that train a network.

    All but a single process need torch's default process group.
    """

    rank: int = 0
    number: int = 1

    @property
    def is_alone(self) -> bool:
        """True if one process trains the network."""
        return self.number == 1

    def part(self, batch_size: int, *, with_neighbour: bool = False) -> slice | Tensor:
        """The places of this rank's pictures in a batch.

        Args:
            batch_size: a multiple of the number of ranks.
            with_neighbour: the picture before them comes first; that before the first one of the
                batch is its last.
        """
        if self.is_alone:
            return slice(None)
        size = batch_size // self.number
        first = self.rank * size
        return torch.arange(first - with_neighbour, first + size) % batch_size

    def sum(self, value: Tensor) -> Tensor:
        """The sum of the values of all ranks."""
        if self.is_alone:
            return value
        total = value.clone()
        distributed.all_reduce(total)
        return total

    def synchronised(self, network: nn.Module) -> None:
        """Have batch norms use the statistics of the whole batch; torch can on a GPU only."""
        is_on_gpu = next(network.parameters()).is_cuda
        if not self.is_alone and is_on_gpu:
            convert_sync_batchnorm(network)

    def averaging(self, network: nn.Module) -> Callable[[Tensor], Tensor]:
        """The network such that `backward` leaves the mean of all ranks' gradients."""
        if self.is_alone:
            return network
        device = next(network.parameters()).device
        return DistributedDataParallel(
            network,
            device_ids=[device] if device.type == "cuda" else None,
            broadcast_buffers=False,  # synchronised or kept, they are the same everywhere
            find_unused_parameters=True,  # some networks of timm have weights without effect
        )

    def seed(self, random_seed: int, epoch: int, device: torch.device) -> None:
        """Give every rank random numbers of its own, for dropout, on a GPU.

        Those of the CPU are the same everywhere: they draw what concerns the whole batch.
        """
        if self.rank and device.type == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(random_seed + self.rank * _STRIDE + epoch)


ALONE = Ranks()
"""The only process."""


def without_exchange(
    forward: Callable[[Tensor], Tensor], *, is_on: bool
) -> AbstractContextManager[None]:
    """Add to the gradients of this rank alone: those of all are exchanged later."""
    if is_on and isinstance(forward, DistributedDataParallel):
        context: AbstractContextManager[None] = forward.no_sync()
        return context
    return contextlib.nullcontext()
