"""Features of pictures, computed once for all that asks: first score, baselines, probes, maps.

They are kept by picture, so that a data set which has changed costs its new pictures alone. A
folder for each network, its input and its libraries holds files that are never changed; each has
the features of the pictures that were missing when it was written.
"""

import contextlib
import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from torch import Tensor

from automl.host import atomic, home
from automl.model import fast_features, linear_probe
from automl.model.building import BuiltModel
from automl.model.network import Normalised

Rows = slice | NDArray[np.int64]


class Seen(NamedTuple):
    """The form in which pictures are seen."""

    side: int
    """Side of the scored pictures in pixels."""

    is_mirrored: bool = False


def features(
    network: Normalised,
    built: BuiltModel,
    seen: Seen,
    contents: NDArray[np.bytes_] | None,
    batches: Callable[[Rows], Iterable[Tensor]],
) -> NDArray[np.float32]:
    """Features (N, D) of N pictures; those that are not in the cache are computed and added to it.

    Only the features of pretrained weights are kept: other weights are seldom used twice.

    Args:
        network: not trained yet, on the device of the batches.
        built: where the weights of the network come from.
        seen: the form in which the batches show the pictures.
        contents: (N,) names of the pixels of each picture, see `pixels.contents`; None: the
            pictures are not known by name, and nothing is kept.
        batches: returns the pictures of some rows, for `linear_probe.extract_features`.
    """
    if built.weights_folder is None or contents is None:
        return linear_probe.extract_features(network, batches(slice(None)))
    key = _key(network, built.weights_folder, seen.side)
    folder = home.cache_dir("features") / _name([*key, seen.is_mirrored])
    known = _read(folder, contents)
    missing = np.array([row for row, each in enumerate(contents.tolist()) if each not in known])
    if len(missing):
        computed = fast_features.extract(
            network,
            batches(missing),
            num_pictures=len(missing),
            folder=home.cache_dir("networks") / _name(key),
        )
        _write(folder, contents[missing], computed)
        known.update(zip(contents[missing].tolist(), computed, strict=True))
    return np.stack([known[each] for each in contents.tolist()])


def _read(folder: Path, contents: NDArray[np.bytes_]) -> dict[bytes, NDArray[np.float32]]:
    """The features (D,) of those pictures that have any, by name."""
    known: dict[bytes, NDArray[np.float32]] = {}
    for path in sorted(folder.glob("*.npz")):
        try:
            with path.open("rb") as file, np.load(file) as kept:  # np.load leaks a torn file
                names = kept["contents"]
                rows = np.flatnonzero(np.isin(names, contents))
                if len(rows):
                    known.update(zip(names[rows].tolist(), kept["features"][rows], strict=True))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            continue  # cut off: its pictures are computed again
    return known


def _write(folder: Path, contents: NDArray[np.bytes_], computed: NDArray[np.float32]) -> None:
    name = hashlib.sha256(contents.tobytes()).hexdigest()
    # the caches may be cleared at this moment; then the features are not kept
    with contextlib.suppress(FileNotFoundError):
        folder.mkdir(exist_ok=True)
        with atomic.open_binary(folder / f"{name}.npz", durable=False) as file:
            np.savez(file, contents=contents, features=computed)


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
