"""Features of pictures, computed once for all trials that see the same pixels."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from torch import Tensor

from automl.dataset.packed_pictures import PackedPictures, PixelArray
from automl.host import atomic, home
from automl.model import fast_features, linear_probe
from automl.model.building import BuiltModel
from automl.model.network import Normalised


class Seen(NamedTuple):
    """The form in which pictures are seen."""

    side: int
    """Of the scored pictures in pixels."""

    is_mirrored: bool = False


def features(
    network: Normalised,
    built: BuiltModel,
    pictures: PackedPictures[PixelArray],
    batches: Iterable[Tensor],
    seen: Seen,
) -> NDArray[np.float32]:
    """Features (N, D) of the pictures, read from the cache if they are in it.

    Only the features of pretrained weights are kept: other weights are seldom used twice.

    Args:
        network: not trained yet, on the device of the batches.
        built: where the weights of the network come from.
        pictures: N of them; only the features of those in a file, which is named after its
            content, are kept.
        batches: all pictures as they are seen, for `extract_features`.
        seen: that form.
    """
    if built.weights_folder is None or not isinstance(pictures.flat, Path):
        return linear_probe.extract_features(network, batches)
    key = _key(network, built.weights_folder, seen.side)
    rows = hashlib.sha256(pictures.offsets.tobytes()).hexdigest()
    of_pictures = [pictures.flat.name, rows, *(["mirrored"] if seen.is_mirrored else [])]
    path = home.cache_dir("features") / f"{_name([*key, *of_pictures])}.npy"
    try:
        return np.asarray(np.load(path))
    except (OSError, ValueError):  # missing, or cut off
        found = fast_features.extract(
            network,
            batches,
            num_pictures=len(pictures),
            folder=home.cache_dir("networks") / _name(key),
        )
    with atomic.open_binary(path, durable=False) as file:
        np.save(file, found)
    return found


def _key(network: Normalised, folder: Path, side: int) -> list[Any]:
    """Everything but the pictures that decides the features.

    New versions of the libraries and other devices may compute something else, so they belong to
    it.

    Args:
        network: with its normalisation.
        folder: of its weights.
        side: of the scored pictures in pixels.
    """
    status = (folder / "model.safetensors").stat()
    return [
        *(str(folder), status.st_ino, status.st_mtime_ns, status.st_size),
        hashlib.sha256((folder / "config.json").read_bytes()).hexdigest(),
        *(network.mean.flatten().tolist(), network.std.flatten().tolist()),
        *(side, network.mean.device.type, str(torch.__version__), timm.__version__),
    ]


def _name(key: list[Any]) -> str:
    return hashlib.sha256(json.dumps(key).encode()).hexdigest()
