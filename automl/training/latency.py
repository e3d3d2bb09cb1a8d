"""How long a model takes for one picture, where it trains."""

import statistics
import time

import torch
from torch import nn

_NUM_RUNS = 7


def milliseconds(network: nn.Module, size: int) -> float:
    """Median time of a forward pass of one picture of so many pixels a side, copies included.

    The network is left as it was found.
    """
    device = next(network.parameters()).device
    was_training = network.training
    network.eval()
    taken = []
    with torch.inference_mode():
        for _ in range(_NUM_RUNS + 1):
            started = time.perf_counter()
            network(torch.zeros(1, 3, size, size, device=device)).cpu()  # waits for a GPU
            taken.append(time.perf_counter() - started)
    network.train(was_training)
    return statistics.median(taken[1:]) * 1000  # the first run sets things up
