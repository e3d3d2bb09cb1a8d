"""The data of trials: pictures decoded once per choice of sizes. No torch."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.dataset import label_sets, pixels
from automl.dataset.manifest import Manifest
from automl.dataset.packed_pictures import PackedPictures, PixelArray
from automl.dataset.pixels import PictureSizes
from automl.dataset.rendering import PLAIN, Rendering
from automl.jobs import fold_needs
from automl.jobs.fold_needs import NUM_TURNS
from automl.jobs.hyperparameters import Hyperparameters
from automl.model.warm_start import EarlierModel
from automl.texts import mark

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class LabelledPictures:
    """The pictures of one split, in an array that they share with those of the other splits."""

    pictures: PackedPictures[PixelArray]
    sample_ids: NDArray[np.int64]
    labels: NDArray[np.int64]
    """(N,) class indices; of label sets (N, K), True for each label of a picture."""

    folds: NDArray[np.int64]
    """(N,) fold of each picture for cross-validation; -1: none."""

    contents: NDArray[np.bytes_] | None = None
    """(N,) names of the pixels of each picture, see `pixels.contents`; None: they have none."""

    def take(self, rows: NDArray[np.int64]) -> "LabelledPictures":
        """Some of the pictures."""
        return LabelledPictures(
            self.pictures.take(rows),
            self.sample_ids[rows],
            self.labels[rows],
            self.folds[rows],
            None if self.contents is None else self.contents[rows],
        )

    def joined(self, other: "LabelledPictures") -> "LabelledPictures":
        """These pictures and those of another split."""
        has_names = self.contents is not None and other.contents is not None
        return LabelledPictures(
            self.pictures.joined(other.pictures),
            np.concatenate([self.sample_ids, other.sample_ids]),
            np.concatenate([self.labels, other.labels]),
            np.concatenate([self.folds, other.folds]),
            np.concatenate([self.contents, other.contents]) if has_names else None,
        )


@dataclass(frozen=True)
class TrialData:
    """The data of a trial, for one choice of picture sizes."""

    train: LabelledPictures
    validation: LabelledPictures
    class_names: list[str]
    split_hash: str
    rendering: Rendering = PLAIN
    """How pixel values became the 8-bit RGB of the pictures."""

    earlier: EarlierModel | None = None
    """The model of an earlier trial that training starts from."""

    @property
    def is_cross_validated(self) -> bool:
        """True if the validation pictures are our choice, so that others can take their turn."""
        return bool((self.validation.folds >= 0).any())

    def everything(self) -> LabelledPictures:
        """The pictures that a model which is handed out can be fitted to."""
        return self.train.joined(self.validation) if self.is_cross_validated else self.train

    def turns(self) -> list["TrialData"]:
        """The data with a part of the training pictures held out in place of those for validation.

        Folds stay whole, and with them copies and groups. A class of which no picture would be left
        is not held out, nor a part of more than twice a fifth, which a large group makes: a model
        without so many pictures says little about one that has them.
        """
        if not self.is_cross_validated:
            return []
        pictures, found = self.train, []
        for turn in range(NUM_TURNS):
            is_out = (pictures.folds >= 0) & (pictures.folds % NUM_TURNS == turn)
            is_out &= _have_all_labels(pictures.labels, self._rest(is_out).labels)
            if 0 < is_out.sum() <= fold_needs.largest_part(len(is_out)):
                held_out = pictures.take(np.flatnonzero(is_out))
                found.append(replace(self, train=self._rest(is_out), validation=held_out))
        return found

    def _rest(self, is_out: NDArray[np.bool_]) -> LabelledPictures:
        """The pictures to fit to while some of the training pictures are held out."""
        return self.train.take(np.flatnonzero(~is_out)).joined(self.validation)


def prepare(
    manifest: Manifest,
    trials: Iterable[Hyperparameters],
    *,
    progress: Progress,
) -> dict[PictureSizes, TrialData]:
    """The data for each choice of picture sizes.

    Args:
        manifest: the pictures with labels and splits.
        trials: hyperparameters of the trials; their sizes are used.
        progress: called with the number of pictures that are decoded.
    """
    data: dict[PictureSizes, TrialData] = {}
    for chosen in dict.fromkeys(
        pixels.picture_sizes(hyperparameters) for hyperparameters in trials
    ):
        data[chosen] = _decode(manifest, chosen, progress)
    return data


def _decode(manifest: Manifest, chosen: PictureSizes, progress: Progress) -> TrialData:
    samples = manifest.samples[manifest.samples["split"].isin(["train", "validation"])]
    text = mark("Decoding pictures at {side} px").format(side=chosen[0])
    packed = pixels.whole_pictures(
        samples, chosen, rendering=manifest.rendering, progress=partial(progress, text)
    )
    contents = pixels.contents(samples, chosen, manifest.rendering)
    if "fold" in samples:
        folds = samples["fold"].fillna(-1).to_numpy(np.int64)
    else:  # an experiment of an earlier version
        folds = np.full(len(samples), -1)

    def part(split: str) -> LabelledPictures:
        rows = np.flatnonzero(samples["split"] == split)
        chosen_samples = samples.iloc[rows]
        return LabelledPictures(
            pictures=packed.take(rows),
            sample_ids=chosen_samples["id"].to_numpy(np.int64),
            labels=labels_of(chosen_samples, manifest.class_names),
            folds=folds[rows],
            contents=contents[rows],
        )

    return TrialData(
        train=part("train"),
        validation=part("validation"),
        class_names=manifest.class_names,
        split_hash=split_hash(manifest.samples),
        rendering=manifest.rendering,
    )


def _have_all_labels(labels: NDArray[np.int64], of_others: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(N,) True for a picture each of whose labels another picture has, too."""
    if labels.ndim == 1:
        return np.isin(labels, of_others)
    return np.asarray(~(labels.astype(bool) & ~of_others.any(axis=0)).any(axis=1))


def split_hash(samples: pd.DataFrame) -> str:
    """SHA-256 of the content and the split of all pictures in use."""
    used = samples.dropna(subset=["split"])
    rows = used["content_hash"] + " " + used["split"]
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def labels_of(samples: pd.DataFrame, class_names: list[str]) -> NDArray[Any]:
    """Class indices (N,); or the labels of each picture (N, K), True where it has one."""
    if label_sets.are_in(samples):
        return label_sets.truth(samples, class_names)
    return samples["label_index"].to_numpy(np.int64)


def opened(pictures: PackedPictures[PixelArray]) -> PackedPictures[NDArray[np.uint8]]:
    """The pictures in an array; a file is mapped into memory."""
    flat = pictures.flat
    array = np.load(flat, mmap_mode="r") if isinstance(flat, Path) else flat
    return PackedPictures(array, pictures.offsets, pictures.sizes)
