"""Features of a frozen network on a CPU, by ONNX Runtime where that saves time.

It merges batch norms into convolutions and arranges pixels for the processor: small convolutional
networks take a third of PyTorch's time, transformers somewhat less than it. The conversion takes
about two seconds, so that few pictures are not worth it; it is kept for the next time.
"""

import contextlib
import copy
import itertools
import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from automl.host import atomic
from automl.jobs.trial_cost import WORTH_CONVERTING_SECONDS
from automl.model import blocks, linear_head, onnx_conversion
from automl.model.network import Normalised

_BATCH_SIZE = 8
"""Pictures that the converted network takes at once. With an open size the shapes of batches stay
in the network, and slow it down by a fifth."""

_OPENED_SHARE = 0.1
"""Share of them from which a network that was converted before is worth opening."""

_TOLERANCE = 1e-3
"""Largest difference from PyTorch's features, as a share of their standard deviation."""

_log = logging.getLogger(__name__)

Features = NDArray[np.float32]


def extract(
    network: Normalised, batches: Iterable[Tensor], *, num_pictures: int, folder: Path
) -> Features:
    """Features (N, D), as `linear_head.extract_features` computes them.

    Args:
        network: its mode is restored afterwards.
        batches: pixels in 0 to 1, float (B, 3, H, W), on the device of the network.
        num_pictures: N, of all batches.
        folder: of the converted network, which is written if it is missing.

    Raises:
        HeadNotLinearError: the network does not end in one linear layer.
    """
    waiting = iter(batches)
    first, rest = next(waiting).tensor_split([_BATCH_SIZE])
    started = time.process_time()  # on a busy machine the other clock shows the work of others
    found = [linear_head.extract_features(network, [first])]
    seconds_each = (time.process_time() - started) / torch.get_num_threads() / len(first)
    num_left = num_pictures - len(first)
    if num_left == 0:
        return found[0]
    left = itertools.chain([rest] if len(rest) else [], waiting)
    worth = WORTH_CONVERTING_SECONDS * (_OPENED_SHARE if folder.exists() else 1.0)
    is_slow = first.device.type == "cpu" and num_left * seconds_each > worth
    run = _agreeing(network, first, found[0], folder) if is_slow else None
    if run is None:
        found.append(linear_head.extract_features(network, left))
    else:
        found.extend(run(pixels) for pixels in left)
    return np.concatenate(found)


def converted(network: Normalised, pixels: Tensor, folder: Path) -> Callable[[Tensor], Features]:
    """The network without its head, in ONNX Runtime: pixels (B, 3, H, W) in, features (B, D) out.

    Args:
        network: on the CPU.
        pixels: at least one picture of the size of all others.
        folder: of the converted network, which is written if it is missing.
    """
    if not folder.exists():
        headless = copy.deepcopy(network).eval()
        blocks.replace_last_layer(headless.network, nn.Flatten(1))
        example = pixels[:1].expand(_BATCH_SIZE, -1, -1, -1)
        # another trial may have converted the same network meanwhile
        with contextlib.suppress(FileExistsError), atomic.new_folder(folder) as partial:
            onnx_conversion.trace(headless, example, partial / "model.onnx")
    return _opened(folder / "model.onnx")


def _agreeing(
    network: Normalised, pixels: Tensor, expected: Features, folder: Path
) -> Callable[[Tensor], Features] | None:
    """The converted network; None if it cannot be converted or answers otherwise."""
    try:
        run = converted(network, pixels, folder)
        difference = np.abs(run(pixels) - expected).max() / max(float(expected.std()), 1e-12)
    except Exception:  # noqa: BLE001 (torch's exporter and ONNX Runtime have no common base)
        _log.debug("not converted: %s", type(network.network).__name__, exc_info=True)
        return None
    return run if difference <= _TOLERANCE else None


def _opened(path: Path) -> Callable[[Tensor], Features]:
    from automl.prediction import onnx_session  # most trials have no use for ONNX Runtime

    session = onnx_session.opened(path, torch.get_num_threads())

    def features(pixels: Tensor) -> Features:
        filled = nn.functional.pad(pixels, (0, 0, 0, 0, 0, 0, 0, _BATCH_SIZE - len(pixels)))
        (found,) = session.run(None, {"input1": filled.contiguous().numpy()})
        return np.asarray(found[: len(pixels)], np.float32)

    def run(pixels: Tensor) -> Features:
        return np.concatenate([features(part) for part in pixels.split(_BATCH_SIZE)])

    return run
