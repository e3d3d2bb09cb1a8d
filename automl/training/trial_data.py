"""The data of trials: pictures decoded once per choice of sizes. No torch."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.dataset import pixels
from automl.dataset.manifest import Manifest
from automl.dataset.pixels import PictureSizes
from automl.jobs.hyperparameters import Hyperparameters
from automl.model.warm_start import EarlierModel

Progress = Callable[[str, int, int], None]

PixelArray = Path | NDArray[np.uint8]
"""An .npy file to map into memory, or the array itself when Ray carries it to another machine."""


@dataclass(frozen=True)
class TrainPictures:
    """Whole training pictures squashed to squares (N, S, S, 3), their true aspects and labels."""

    pixels: PixelArray
    aspects: NDArray[np.float32]
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class EvaluationPictures:
    """Preprocessed validation pictures (N, C, C, 3) with their ids and labels."""

    pixels: PixelArray
    sample_ids: NDArray[np.int64]
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class TrialData:
    """The data of a trial, for one choice of picture sizes."""

    train: TrainPictures
    validation: EvaluationPictures
    class_names: list[str]
    split_hash: str
    earlier: EarlierModel | None = None
    """The model of an earlier trial that training starts from."""

    def class_counts(self) -> NDArray[np.int64]:
        """(K,) training pictures of each class."""
        return np.bincount(self.train.labels, minlength=len(self.class_names))


def prepare(
    manifest: Manifest,
    trials: Iterable[Hyperparameters],
    *,
    progress: Progress,
    for_other_machines: bool,
) -> dict[PictureSizes, TrialData]:
    """The data for each choice of picture sizes.

    Args:
        manifest: the pictures with labels and splits.
        trials: hyperparameters of the trials; their sizes are used.
        progress: called with the number of pictures that are decoded.
        for_other_machines: hold the pixels in memory, so that Ray can carry them, instead of the
            path of a file on this machine.
    """
    splits = {
        name: manifest.samples[manifest.samples["split"] == name]
        for name in ("train", "validation")
    }
    data: dict[PictureSizes, TrialData] = {}
    for chosen in dict.fromkeys(
        pixels.picture_sizes(hyperparameters) for hyperparameters in trials
    ):
        decoded = _decode(manifest, splits, chosen, progress)
        data[chosen] = _in_memory(decoded) if for_other_machines else decoded
    return data


def _decode(
    manifest: Manifest,
    splits: dict[str, pd.DataFrame],
    chosen: PictureSizes,
    progress: Progress,
) -> TrialData:
    whole, resize, crop = chosen
    train, validation = splits["train"], splits["validation"]
    train_file = pixels.whole_pictures(
        train, whole, progress=partial(progress, f"Decoding training pictures at {whole} px")
    )
    validation_file = pixels.centre_crops(
        validation,
        resize_size=resize,
        crop_size=crop,
        progress=partial(progress, f"Decoding validation pictures at {crop} px"),
    )
    return TrialData(
        train=TrainPictures(
            pixels=train_file,
            aspects=(train["width"] / train["height"]).to_numpy(np.float32),
            labels=train["label_index"].to_numpy(np.int64),
        ),
        validation=EvaluationPictures(
            pixels=validation_file,
            sample_ids=validation["id"].to_numpy(np.int64),
            labels=validation["label_index"].to_numpy(np.int64),
        ),
        class_names=manifest.class_names,
        split_hash=split_hash(manifest.samples),
    )


def split_hash(samples: pd.DataFrame) -> str:
    """SHA-256 of the content and the split of all pictures in use."""
    used = samples.dropna(subset=["split"])
    rows = used["content_hash"] + " " + used["split"]
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def _in_memory(data: TrialData) -> TrialData:
    train, validation = data.train, data.validation
    return replace(
        data,
        train=replace(train, pixels=_loaded(train.pixels)),
        validation=replace(validation, pixels=_loaded(validation.pixels)),
    )


def _loaded(array: PixelArray) -> NDArray[np.uint8]:
    assert isinstance(array, Path)
    return np.array(open_pixels(array))


def open_pixels(pixels: PixelArray) -> NDArray[np.uint8]:
    """The array; a file is mapped into memory."""
    return np.load(pixels, mmap_mode="r") if isinstance(pixels, Path) else pixels
