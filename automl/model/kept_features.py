"""Features of pictures that were computed before, as files. Imports no torch.

They are kept by picture, so that a data set which has changed costs its new pictures alone. A
folder for each network, its input and its libraries holds files that are never changed; each has
the features of the pictures that were missing when it was written.
"""

import contextlib
import hashlib
import importlib.metadata
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from automl.host import atomic, home, machine
from automl.jobs import model_catalog
from automl.jobs.hyperparameters import Hyperparameters
from automl.model import pretrained_weights, weights_folder

Known = dict[bytes, NDArray[np.float32]]
"""Features (D,) by the name of the pixels of a picture, see `pixels.contents`."""


class Extractor(NamedTuple):
    """Everything but the pictures that decides the features.

    New versions of the libraries and other devices may compute something else, so they belong to
    it.
    """

    weights: Path
    """Folder of the pretrained weights; those of other networks are seldom used twice."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    side: int
    """Side of the scored pictures in pixels."""

    device: str
    """Type of torch's device, as `cpu`."""

    has_stages: bool = False
    """The features are those of all stages, see `stages.Stages`."""

    @classmethod
    def here(
        cls,
        weights: Path,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        side: int,
        *,
        has_stages: bool = False,
    ) -> Self:
        """The extractor on the device on which this machine's trials run, found without torch."""
        device = "cuda" if machine.num_gpus() else "cpu"
        return cls(weights, mean, std, side, device, has_stages)

    def folder(self, *, is_mirrored: bool) -> Path:
        """Folder of the features of pictures, or of their mirror images."""
        return home.cache_dir("features") / home.cache_name([*self._key(), is_mirrored])

    def kept(
        self, contents: NDArray[np.bytes_], *, is_mirrored: bool = False
    ) -> NDArray[np.float32] | None:
        """Features (N, D) of N pictures, by their names; None if some are not known."""
        known, names = read(self.folder(is_mirrored=is_mirrored), contents), contents.tolist()
        return np.stack([known[each] for each in names]) if known.keys() >= set(names) else None

    def network_folder(self) -> Path:
        """Folder of the converted network."""
        return home.cache_dir("networks") / home.cache_name(self._key())

    def _key(self) -> list[Any]:
        status = (self.weights / weights_folder.WEIGHTS).stat()
        return [
            *(str(self.weights), status.st_ino, status.st_mtime_ns, status.st_size),
            hashlib.sha256((self.weights / weights_folder.CONFIG).read_bytes()).hexdigest(),
            *(*self.mean, *self.std, self.side, self.device),
            *(("stages",) if self.has_stages else ()),
            *map(importlib.metadata.version, ("torch", "timm", "onnxruntime")),
        ]


def extractor_of(hyperparameters: Hyperparameters) -> Extractor | None:
    """The extractor of one network and its scored pictures; None without pretrained weights."""
    weights = pretrained_weights.find(model_catalog.timm_name(hyperparameters.model_name))
    if weights is None:
        return None
    mean, std = weights_folder.normalisation(weights)
    return Extractor.here(weights, mean, std, hyperparameters.validation_crop_size)


def completed(
    folder: Path,
    contents: NDArray[np.bytes_],
    compute: Callable[[NDArray[np.int64]], NDArray[np.float32]],
) -> NDArray[np.float32]:
    """Features (N, D) of N pictures, by their names.

    Args:
        folder: of an extractor.
        contents: (N,) names of the pixels of each picture, see `pixels.contents`.
        compute: from rows that are missing to their features, which are kept.
    """
    known = read(folder, contents)
    missing = np.array([row for row, each in enumerate(contents.tolist()) if each not in known])
    if len(missing):
        computed = compute(missing)
        write(folder, contents[missing], computed)
        known.update(zip(contents[missing].tolist(), computed, strict=True))
    return np.stack([known[each] for each in contents.tolist()])


def read(folder: Path, contents: NDArray[np.bytes_]) -> Known:
    """The features of those pictures that have any."""
    known: Known = {}
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


def write(folder: Path, contents: NDArray[np.bytes_], computed: NDArray[np.float32]) -> None:
    """Keep the features (N, D) of pictures."""
    name = hashlib.sha256(contents.tobytes()).hexdigest()
    # the caches may be cleared at this moment; then the features are not kept
    with contextlib.suppress(FileNotFoundError):
        folder.mkdir(exist_ok=True)
        with atomic.open_binary(folder / f"{name}.npz", durable=False) as file:
            np.savez(file, contents=contents, features=computed)
