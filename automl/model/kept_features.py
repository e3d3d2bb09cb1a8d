"""Features of pictures that were computed before, as files. Imports no torch.

They are kept by picture, so that a data set which has changed costs its new pictures alone. A
folder for each network, its input and its libraries holds files, each with the features of the
pictures that were missing when it was written.
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

_KINDS = ("features", "stages")
"""Arrays of a file: the features before the last layer, and those of all stages, see
`stages.Stages`, which some networks do not give."""


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

    @classmethod
    def here(
        cls, weights: Path, mean: tuple[float, ...], std: tuple[float, ...], side: int
    ) -> Self:
        """The extractor on the device on which this machine's trials run, found without torch."""
        device = "cuda" if machine.num_gpus() else "cpu"
        return cls(weights, mean, std, side, device)

    def kept(
        self,
        contents: NDArray[np.bytes_],
        *,
        is_mirrored: bool = False,
        has_stages: bool = False,
    ) -> NDArray[np.float32] | None:
        """Features (N, D) of N pictures, by their names; None if some are not known.

        Args:
            contents: (N,) names of the pixels of each picture, see `pixels.contents`.
            is_mirrored: the features are those of the mirror images.
            has_stages: those before the last layer are followed by those of all stages, see
                `stages.Stages`.
        """
        known, names = _read(self._folder(is_mirrored), contents, has_stages), contents.tolist()
        return np.stack([known[each] for each in names]) if known.keys() >= set(names) else None

    def completed(
        self,
        contents: NDArray[np.bytes_],
        compute: Callable[[NDArray[np.int64]], list[NDArray[np.float32]]],
        *,
        is_mirrored: bool = False,
        has_stages: bool = False,
    ) -> NDArray[np.float32]:
        """Features (N, D) of N pictures, by their names; arguments as of `kept`, and:

        Args:
            compute: from rows that are missing to their features before the last layer, and those
                of all stages if the network gives them; both are kept.
        """
        folder, names = self._folder(is_mirrored), contents.tolist()
        known = _read(folder, contents, has_stages)
        missing = np.array([row for row, each in enumerate(names) if each not in known])
        if len(missing):
            computed, new = compute(missing), contents[missing]
            _write(folder, new, computed)
            wanted = np.concatenate(computed[: 1 + has_stages], axis=1)
            known.update(zip(new.tolist(), wanted, strict=True))
        return np.stack([known[each] for each in names])

    def _folder(self, is_mirrored: bool) -> Path:
        """Folder of the features of pictures, or of their mirror images."""
        return home.cache_dir("features") / home.cache_name([*self._key(), is_mirrored])

    def network_folder(self) -> Path:
        """Folder of the converted network."""
        return home.cache_dir("networks") / home.cache_name([*self._key(), "with stages"])

    def _key(self) -> list[Any]:
        status = (self.weights / weights_folder.WEIGHTS).stat()
        return [
            *(str(self.weights), status.st_ino, status.st_mtime_ns, status.st_size),
            hashlib.sha256((self.weights / weights_folder.CONFIG).read_bytes()).hexdigest(),
            *(*self.mean, *self.std, self.side, self.device),
            *map(importlib.metadata.version, ("torch", "timm", "onnxruntime")),
        ]


def extractor_of(hyperparameters: Hyperparameters) -> Extractor | None:
    """The extractor of one network and its scored pictures; None without pretrained weights."""
    weights = pretrained_weights.find(model_catalog.timm_name(hyperparameters.model_name))
    if weights is None:
        return None
    mean, std = weights_folder.normalisation(weights)
    return Extractor.here(weights, mean, std, hyperparameters.validation_crop_size)


def _read(folder: Path, contents: NDArray[np.bytes_], has_stages: bool) -> Known:
    """The features of those pictures that have any."""
    known: Known = {}
    for path in sorted(folder.glob("*.npz")):
        try:
            with path.open("rb") as file, np.load(file) as kept:  # np.load leaks a torn file
                names = kept["contents"]
                rows = np.flatnonzero(np.isin(names, contents))
                if len(rows):
                    kinds = [kept[kind][rows] for kind in _KINDS[: 1 + has_stages]]
                    found = np.concatenate(kinds, axis=1)
                    known.update(zip(names[rows].tolist(), found, strict=True))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            continue  # cut off, or without stages: its pictures are computed again
    return known


def _write(folder: Path, contents: NDArray[np.bytes_], computed: list[NDArray[np.float32]]) -> None:
    """Keep the features (N, D) of pictures, of one or both kinds."""
    name = hashlib.sha256(contents.tobytes()).hexdigest()
    arrays: dict[str, Any] = dict(zip(_KINDS, computed, strict=False))
    # the caches may be cleared at this moment; then the features are not kept
    with contextlib.suppress(FileNotFoundError):
        folder.mkdir(exist_ok=True)
        with atomic.open_binary(folder / f"{name}.npz", durable=False) as file:
            np.savez(file, contents=contents, **arrays)
