"""A folder of WebDataset shards, `train-000000.tar` and so on, or one such folder a split."""

from pathlib import Path

import pandas as pd

from automl.dataset.locations import Surroundings
from automl.dataset.readers import features
from automl.dataset.readers.form import Certainty, Folder
from automl.dataset.readers.forms import webdataset
from automl.dataset.readers.table import Table
from automl.dataset.split_words import split_folders
from automl.errors import DataError

_SPLIT = "split"


def _certainty(folder: Path) -> Certainty:
    has_samples = any(webdataset.recognise(path) for path in _shards(folder)[:1])
    return Certainty.STRONG if has_samples else Certainty.NO


def _read(folder: Path, _: Surroundings) -> Table:
    """All shards as one table; equal keys in two shards are two pictures."""
    paths = _shards(folder)
    if not paths:
        raise DataError(f"{folder} holds no .tar files. Give the folder of the shards.")
    splits = features.splits_of([path.relative_to(folder) for path in paths])
    parts = [
        webdataset.rows(path).assign(**{_SPLIT: split})
        for path, split in zip(paths, splits, strict=True)
    ]
    frame = webdataset.named(pd.concat(parts), [folder, paths[0].parent])
    label = webdataset.label_column(list(frame.columns))
    return Table(frame, folder, folder, "image", label, _SPLIT)


def _shards(folder: Path) -> list[Path]:
    """The tar files in the folder, or else in its folders of splits."""
    found = sorted(folder.glob("*.tar"))
    inside = split_folders(folder)
    return found or [path for child in inside for path in sorted(child.glob("*.tar"))]


FORM = Folder(read=_read, certainty=_certainty)
