"""Features of a frozen network on a CPU, by ONNX Runtime where that saves time.

It merges batch norms into convolutions and arranges pixels for the processor: small convolutional
networks take a third of PyTorch's time, transformers somewhat less than it. The conversion takes
about two seconds, so that few pictures are not worth it; it is kept for the next time.
"""

import contextlib
import itertools
import logging
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from automl.host import atomic
from automl.jobs.trial_cost import WORTH_CONVERTING_SECONDS
from automl.model import converted_network, linear_head, onnx_conversion, stages
from automl.model.converted_network import BATCH_SIZE, FILE, Features, Run
from automl.model.network import Normalised

_OPENED_SHARE = 0.1
"""Share of them from which a network that was converted before is worth opening."""

_TOLERANCE = 1e-3
"""Largest difference from PyTorch's features, as a share of their standard deviation."""

_log = logging.getLogger(__name__)


class _Kinds(nn.Module):
    """A headless network whose features before the last layer and those of stages are apart."""

    def __init__(self, network: Normalised, widths: list[int]) -> None:
        super().__init__()
        self.network = network
        self._widths = widths

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        kinds: tuple[Tensor, ...] = self.network(pixels).flatten(1).split(self._widths, dim=1)
        return kinds


def extract(
    network: Normalised, batches: Iterable[Tensor], *, num_pictures: int, folder: Path
) -> list[Features]:
    """Features (N, D), as `linear_head.extract_features` computes them, and those of stages.

    The latter are there if the network gives them: they take no pass of their own.

    Args:
        network: it is not changed.
        batches: pixels in 0 to 1, float (B, 3, H, W), on the device of the network.
        num_pictures: N, of all batches.
        folder: of the converted network, which is written if it is missing.

    Raises:
        HeadNotLinearError: the network does not end in one linear layer.
    """
    waiting = iter(batches)
    first, rest = next(waiting).tensor_split([BATCH_SIZE])
    network = stages.headless(network, first[:1])
    started = time.process_time()  # on a busy machine the other clock shows the work of others
    found = [linear_head.extract_features(network, [first])]
    seconds_each = (time.process_time() - started) / torch.get_num_threads() / len(first)
    num_left = num_pictures - len(first)
    left = itertools.chain([rest] if len(rest) else [], waiting)
    worth = WORTH_CONVERTING_SECONDS * (_OPENED_SHARE if folder.exists() else 1.0)
    is_slow = first.device.type == "cpu" and num_left * seconds_each > worth
    run = _converted(network, first, found[0], folder) if is_slow else None
    if run is not None:
        found.extend(np.concatenate(run(pixels.numpy()), axis=1) for pixels in left)
    elif num_left:
        found.append(linear_head.extract_features(network, left))
    features = np.concatenate(found)
    widths = stages.widths(network, features.shape[1])
    return np.split(features, widths[:-1], axis=1)


def converted(network: Normalised, pixels: Tensor, expected: Features, folder: Path) -> Run:
    """A headless network in ONNX Runtime.

    A conversion is kept only if it agrees, because `converted_network` opens it without torch.

    Args:
        network: from `stages.headless`, on the CPU.
        pixels: at least one picture of the size of all others.
        expected: their features by PyTorch.
        folder: of the converted network, which is written if it is missing.

    Raises:
        ValueError: it answers otherwise than PyTorch.
    """
    if folder.exists():
        return _agreeing(folder, pixels, expected)
    kinds = _Kinds(network, stages.widths(network, expected.shape[1])).eval()
    example = pixels[:1].expand(BATCH_SIZE, -1, -1, -1)
    # another trial may have converted the same network meanwhile
    with contextlib.suppress(FileExistsError), atomic.new_folder(folder) as partial:
        onnx_conversion.trace(kinds, example, partial / FILE)
        run = _agreeing(partial, pixels, expected)
    return run


def _converted(network: Normalised, pixels: Tensor, expected: Features, folder: Path) -> Run | None:
    """The converted network; None if it cannot be converted or answers otherwise."""
    try:
        return converted(network, pixels, expected, folder)
    except Exception:  # noqa: BLE001 (torch's exporter and ONNX Runtime have no common base)
        _log.debug("not converted: %s", type(network.network).__name__, exc_info=True)
        return None


def _agreeing(folder: Path, pixels: Tensor, expected: Features) -> Run:
    run = converted_network.opened(folder, torch.get_num_threads())
    found = np.concatenate(run(pixels.numpy()), axis=1)
    difference = np.abs(found - expected).max() / max(float(expected.std()), 1e-12)
    if difference > _TOLERANCE:
        raise ValueError("the features differ")
    return run
