"""Files of the engine's machine that Ray carries to the other machines, to each once.

The engine puts a file into Ray's object store in parts, which Ray moves to a disk when memory is
short: the file may be larger than the store. The first trial on a machine that needs the file
writes it to the cache there; the others wait for that, and map it into their memory.
"""

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from automl.dataset import cache_entries
from automl.host import home
from automl.jobs import model_catalog
from automl.jobs.hyperparameters import Hyperparameters
from automl.model import pretrained_weights, weights_folder
from automl.training.trial_data import LabelledPictures, TrialData

_PART_BYTES = 16 * 1024**2
_KEPT_SECONDS = 7 * 24 * 3600.0
_FOLDER = "carried"


@dataclass(frozen=True)
class CarriedFile:
    """A file as Ray carries it."""

    name: str
    """Path in the cache; it follows from the content."""

    origin: Path
    node_id: str
    """Machine of the origin."""

    num_bytes: int
    parts: tuple[Any, ...]
    """References to objects of Ray, in order."""

    @classmethod
    def of(cls, path: Path, name: str) -> "CarriedFile":
        """Put a file into Ray's object store."""
        import ray

        parts = tuple(ray.put(part) for part in _parts(path))
        node_id = ray.get_runtime_context().get_node_id()
        return cls(name, path, node_id, path.stat().st_size, parts)

    def here(self) -> Path:
        """The file on this machine; the process holds it until it ends."""
        import ray

        if ray.get_runtime_context().get_node_id() == self.node_id and self._is_whole(self.origin):
            return self.origin
        target = home.cache_dir(_FOLDER) / self.name
        cache_entries.hold(home.cache_dir(_FOLDER))
        with cache_entries.locked(f"{_FOLDER}-{self.name.replace('/', '-')}"):
            if not self._is_whole(target):
                _remove_old()
                target.parent.mkdir(parents=True, exist_ok=True)
                with cache_entries.written_whole(target) as file:
                    for part in self.parts:
                        file.write(ray.get(part))
            os.utime(target)
        return target

    def _is_whole(self, path: Path) -> bool:
        return path.is_file() and path.stat().st_size == self.num_bytes


@dataclass(frozen=True)
class Carried:
    """All files that trials need; empty where they run on the engine's machine alone."""

    pixels: Mapping[Path, CarriedFile] = field(default_factory=dict)
    """By the path on the engine's machine."""

    weights: Mapping[str, tuple[CarriedFile, CarriedFile]] = field(default_factory=dict)
    """Both files of pretrained weights, by timm's name of the network."""

    @classmethod
    def of(cls, data: Iterable[TrialData], trials: Iterable[Hyperparameters]) -> "Carried":
        """Put the pictures, and the pretrained weights that trials may start from, into Ray."""
        paths = [flat for each in data if isinstance(flat := each.train.pictures.flat, Path)]
        pixels = {path: CarriedFile.of(path, path.name) for path in paths}
        names = {
            model_catalog.timm_name(name)
            for one in trials
            if one.pretrained != "never" and not one.checkpoint_run_id
            for name in one.networks
        }
        found = {name: pretrained_weights.find(name) for name in sorted(names)}
        weights = {name: _weights(folder) for name, folder in found.items() if folder is not None}
        return cls(pixels, weights)

    def here(self, data: TrialData, trial: Hyperparameters) -> TrialData:
        """Have all that a trial needs on this machine; returns its data with the paths here."""
        for name in map(model_catalog.timm_name, trial.networks):
            if name in self.weights:
                config, weights = (file.here() for file in self.weights[name])
                assert config.parent == weights.parent
                pretrained_weights.bring(name, weights.parent)

        def part(labelled: LabelledPictures) -> LabelledPictures:
            flat = labelled.pictures.flat
            if not isinstance(flat, Path) or flat not in self.pixels:
                return labelled
            pictures = replace(labelled.pictures, flat=self.pixels[flat].here())
            return replace(labelled, pictures=pictures)

        return replace(data, train=part(data.train), validation=part(data.validation))


def _weights(folder: Path) -> tuple[CarriedFile, CarriedFile]:
    # the licence of weights from our own folder is what they state, and nothing else
    kind = "own" if folder.parent == home.weights_dir() else "known"
    digest = weights_folder.digest(folder / weights_folder.WEIGHTS)
    config, weights = (
        CarriedFile.of(folder / name, f"{kind}/{digest}/{name}")
        for name in (weights_folder.CONFIG, weights_folder.WEIGHTS)
    )
    return config, weights


def _parts(path: Path) -> Iterator[np.ndarray[Any, np.dtype[np.uint8]]]:
    with path.open("rb") as file:
        while part := file.read(_PART_BYTES):
            yield np.frombuffer(part, np.uint8)


def _remove_old() -> None:
    """Delete what has not been used for a week; nobody else would on a machine of a cluster."""
    latest = time.time() - _KEPT_SECONDS
    for path in home.cache_dir(_FOLDER).rglob("*"):
        if path.is_file() and path.stat().st_mtime < latest:
            path.unlink(missing_ok=True)
