"""Features of the training pictures, computed once for all trials that see the same pixels."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from torch import Tensor

from automl.host import atomic, home
from automl.model import linear_probe
from automl.model.building import BuiltModel
from automl.model.network import Normalised


def train_features(
    network: Normalised,
    built: BuiltModel,
    pixels: Path | NDArray[np.uint8],
    batches: Iterable[Tensor],
    *,
    crop: tuple[int, float],
) -> NDArray[np.float32]:
    """Features (N, D) of the training pictures, read from the cache if they are in it.

    Only the features of pretrained weights are kept: other weights are seldom used twice.

    Args:
        network: not trained yet, on the device of the batches.
        built: where the weights of the network come from.
        pixels: the decoded training pictures; only those in a file, which is named after its
            content, are kept.
        batches: centre crops of all pictures, for `extract_features`.
        crop: side of the crops in pixels, and their share of the picture's short side.
    """
    if built.weights_folder is None or not isinstance(pixels, Path):
        return linear_probe.extract_features(network, batches)
    key = _key(network, built.weights_folder, pixels, crop)
    name = hashlib.sha256(json.dumps(key).encode()).hexdigest()
    path = home.cache_dir("features") / f"{name}.npy"
    try:
        return np.asarray(np.load(path))
    except (OSError, ValueError):  # missing, or cut off
        features = linear_probe.extract_features(network, batches)
    with atomic.open_binary(path, durable=False) as file:
        np.save(file, features)
    return features


def _key(network: Normalised, folder: Path, pixels: Path, crop: tuple[int, float]) -> list[Any]:
    """Everything that decides the pixels and the features.

    A GPU crops with another kernel than a CPU, and new versions of the libraries may compute
    something else, so the device and the versions belong to it.
    """
    status = (folder / "model.safetensors").stat()
    return [
        *(str(folder), status.st_ino, status.st_mtime_ns, status.st_size),
        hashlib.sha256((folder / "config.json").read_bytes()).hexdigest(),
        *(network.mean.flatten().tolist(), network.std.flatten().tolist()),
        *(pixels.name, crop),
        *(network.mean.device.type, str(torch.__version__), timm.__version__),
    ]
