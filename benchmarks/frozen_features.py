"""Features of real image sets from frozen networks: `python -m benchmarks.frozen_features`.

The sets are tars in the folder named by AUTOML_BENCHMARK_SETS. Features are extracted once and
kept in AUTOML_BENCHMARK_FEATURES (a folder of temporary files unless told otherwise): with them a
small experiment costs a second, so that hundreds of them can be drawn.
"""

import contextlib
import os
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from automl.dataset import preprocessing
from automl.dataset.readers import read
from automl.jobs.data_source import DataSource
from automl.jobs.hyperparameters import Hyperparameters
from automl.model import blocks, building, linear_head
from automl.model.network import Normalised
from automl.model.stages import Stages

NETWORKS = ("mobilenetv1_100", "mobilenetv2_100")
THIRD_NETWORK = "efficientnet_lite0"
_BATCH = 64


class Size(NamedTuple):
    """How much of a set is extracted, and at which size."""

    max_pictures: int
    side: int
    """Side of the crops in pixels."""


SETS = {
    "fridge_objects": Size(134, 160),
    "sign_digits": Size(2062, 96),
    "cifar10_10k": Size(10_000, 64),
    "shapes": Size(1200, 64),
    "clothing": Size(3781, 160),
    "trashnet": Size(2527, 160),
    "mnist_5k": Size(5000, 64),
}


class FrozenSet(NamedTuple):
    """Features of one set."""

    name: str
    labels: NDArray[np.int64]
    """(N,) class indices."""

    features: dict[str, NDArray[np.float32]]
    """(N, D) by network."""

    class_names: list[str]


def load(
    name: str, networks: Sequence[str] = NETWORKS, *, is_mirrored: bool = False
) -> FrozenSet | None:
    """Features of a set, extracted if they are not kept yet; None if its tar is not there.

    Args:
        name: a set; with a colon some of its classes, as in `cifar10_10k:cat,dog`.
        networks: names of the networks.
        is_mirrored: the features are those of the mirrored pictures.
    """
    whole, _, classes = name.partition(":")
    of_networks = [_of_network(whole, network, is_mirrored=is_mirrored) for network in networks]
    kept = [each for each in of_networks if each is not None]
    if not kept:
        return None
    labels, class_names = kept[0].labels, kept[0].class_names
    features = {network: each.features for network, each in zip(networks, kept, strict=True)}
    if classes:
        wanted = [class_names.index(each) for each in classes.split(",")]
        chosen = np.isin(labels, wanted)
        labels = np.searchsorted(np.sort(wanted), labels[chosen])
        class_names = sorted(classes.split(","))
        features = {network: each[chosen] for network, each in features.items()}
    return FrozenSet(name, labels, features, class_names)


class _OfNetwork(NamedTuple):
    """Class names, labels and features of a whole set for one network."""

    class_names: list[str]
    labels: NDArray[np.int64]
    features: NDArray[np.float32]


def _of_network(name: str, network: str, *, is_mirrored: bool) -> _OfNetwork | None:
    path = _cache_dir() / f"{name}{'-mirrored' if is_mirrored else ''}-{network}.npz"
    if not path.is_file():
        tar = tar_of(name)
        if not tar.is_file():
            return None
        _extract(tar, network, SETS[name], path, is_mirrored=is_mirrored)
    with np.load(path) as kept:
        return _OfNetwork(kept["class_names"].tolist(), kept["labels"], kept["features"])


def _cache_dir() -> Path:
    named = os.environ.get("AUTOML_BENCHMARK_FEATURES")
    return Path(named) if named else Path(tempfile.gettempdir()) / "automl-benchmark-features"


def tar_of(name: str) -> Path:
    """Path of the tar of a set, which need not exist."""
    return Path(os.environ.get("AUTOML_BENCHMARK_SETS", "")) / f"{name}.tar"


@contextlib.contextmanager
def unpacked(tar: Path) -> Iterator[Path]:
    """The folder of a set, for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="automl-benchmark-") as place:
        with tarfile.open(tar) as archive:
            archive.extractall(place, filter="data")
        yield Path(place) / tar.stem


def _extract(tar: Path, network: str, size: Size, path: Path, *, is_mirrored: bool) -> None:
    with unpacked(tar) as folder:
        pictures = read(DataSource(path=folder)).pictures
        pictures = pictures.sample(min(size.max_pictures, len(pictures)), random_state=0)
        class_names = sorted(pictures["label"].unique())
        labels = pictures["label"].map(class_names.index).to_numpy(np.int64)
        paths = pictures["path"].tolist()
        features = _features(network, _batches(paths, size.side, is_mirrored=is_mirrored))
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, class_names=np.array(class_names), labels=labels, features=features)


def of_pictures(
    network: str, paths: list[str], side: int, *, has_stages: bool = False
) -> NDArray[np.float32]:
    """Features (N, D) of the pictures, read at this side in pixels; of all stages if asked for."""
    batches = _batches(paths, side, is_mirrored=False)
    return _features(network, batches, has_stages=has_stages)


def _features(
    network: str, batches: Iterator[Tensor], *, has_stages: bool = False
) -> NDArray[np.float32]:
    asked = Hyperparameters(model_name=network, pretrained="required")
    built = building.build(asked, ["one", "other"])
    if has_stages:
        blocks.replace_last_layer(built.network, nn.Identity())
        built.network = Stages(built.network)
    normalised = Normalised(built.network, built.mean, built.std)
    return linear_head.extract_features(normalised, batches)


def _batches(paths: list[str], side: int, *, is_mirrored: bool) -> Iterator[Tensor]:
    resize = round(side * 256 / 224)
    for start in range(0, len(paths), _BATCH):
        pixels = [
            preprocessing.load_preprocessed(Path(each), resize_size=resize, crop_size=side)
            for each in paths[start : start + _BATCH]
        ]
        batch = torch.from_numpy(preprocessing.model_input(np.stack(pixels)))
        yield batch.flip(-1) if is_mirrored else batch


if __name__ == "__main__":
    torch.set_num_threads(1)
    for each in SETS:
        if (found := load(each, (*NETWORKS, THIRD_NETWORK))) is not None:
            print(each, *(kept.shape for kept in found.features.values()), flush=True)
