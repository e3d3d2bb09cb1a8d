"""A frozen network without torch: ONNX Runtime runs what `fast_features` has converted."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FILE = "model.onnx"

BATCH_SIZE = 8
"""Pictures that the network takes at once. With an open size the shapes of batches stay in the
network, and slow it down by a fifth."""

_MOST_AT_ONCE = 8
"""Batches that are computed at once, for as many are usually given at a time."""

Features = NDArray[np.float32]

Run = Callable[[NDArray[np.float32]], list[Features]]
"""From pixels in 0 to 1, (B, 3, H, W), to features (B, D): those before the last layer, and those
of all stages if the network gives them."""


def opened(folder: Path, num_threads: int) -> Run:
    """The network of a folder; its errors, and those of ONNX Runtime, have no common base.

    Each thread has a batch of its own: threads that share one wait for each other after every
    layer.
    """
    from automl.prediction import onnx_session  # most trials have no use for ONNX Runtime

    num_at_once = min(num_threads, _MOST_AT_ONCE)
    session = onnx_session.opened(folder / FILE, num_threads // num_at_once)

    def features(pixels: NDArray[np.float32]) -> list[Features]:
        filled = np.zeros((BATCH_SIZE, *pixels.shape[1:]), np.float32)
        filled[: len(pixels)] = pixels
        return [found[: len(pixels)] for found in session.run(None, {"input1": filled})]

    def run(pixels: NDArray[np.float32]) -> list[Features]:
        starts = range(0, len(pixels), BATCH_SIZE)
        batches = [pixels[start : start + BATCH_SIZE] for start in starts]
        with ThreadPoolExecutor(num_at_once) as pool:
            return joined(pool.map(features, batches))

    return run


def joined(parts: Iterable[list[Features]]) -> list[Features]:
    """The features of each kind for all pictures, from those of some after the other."""
    return [np.concatenate(kind) for kind in zip(*parts, strict=True)]
