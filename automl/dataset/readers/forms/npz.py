"""Arrays of pictures and of labels in an .npz file, as those of MedMNIST.

`train_images` goes with `train_labels`, `x_train` with `y_train`, `images` with `labels`.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from automl.dataset import picture_location
from automl.dataset.containers import blocks
from automl.dataset.containers.npz import Array, ArrayPictures
from automl.dataset.locations import Surroundings
from automl.dataset.preprocessing import UnreadablePicture
from automl.dataset.readers import same_names
from automl.dataset.readers.form import TableFile
from automl.dataset.readers.table import Table
from automl.dataset.split_words import SPLITS
from automl.errors import DataError
from automl.texts import mark

_LABELS = {
    "x": ("y",),
    "images": ("labels", "label", "y"),
    "image": ("label", "labels"),
    "imgs": ("labels",),
    "data": ("labels", "target", "targets"),
}
"""Word in the name of pictures to those in the name of their labels."""

_CLASSES = ("class_names", "classes", "label_names", "target_names")


def _read(path: Path, _: Surroundings) -> Table:
    """One row for each picture of each array that has labels."""
    try:
        file = ArrayPictures(str(path))
        pairs = _pairs(file.arrays)
        if not pairs:
            raise DataError(_why_none(path, file.arrays))
        parts = [_part(file, pictures, labels, path) for pictures, labels in pairs.items()]
    except UnreadablePicture as error:
        raise DataError(
            f"{path} cannot be read. {error} Save it again with np.savez, as arrays of numbers."
        ) from None
    rows = pd.concat(parts)
    return Table(rows, path, path.parent, "image", "label", "split")


def _pairs(arrays: dict[str, Array]) -> dict[str, str]:
    """Names of the arrays of pictures, and of the labels of each."""
    by_name = {name.lower(): name for name in arrays}
    pairs = {}
    for name, array in arrays.items():
        words = re.split(r"(_)", name.lower())
        candidates = (
            "".join([*words[:at], label, *words[at + 1 :]])
            for at, word in enumerate(words)
            for label in _LABELS.get(word, ())
        )
        labels = next((by_name[each] for each in candidates if each in by_name), None)
        if array.channels and labels is not None:
            pairs[name] = labels
    return pairs


def _part(file: ArrayPictures, pictures: str, labels: str, path: Path) -> pd.DataFrame:
    count = file.arrays[pictures].shape[0]
    cells = _labels(file, labels, path)
    if len(cells) != count:
        raise DataError(
            f"{path} has {count:,} pictures in {pictures}, but {len(cells):,} labels in {labels}."
        )
    splits = [SPLITS[word] for word in pictures.lower().split("_") if word in SPLITS]
    where = path.absolute()
    columns = {
        "image": [
            picture_location.inside(where, blocks.written(pictures, row)) for row in range(count)
        ],
        "label": cells,
        "split": [splits[0] if splits else None] * count,
    }
    names = [f"{pictures}[{row}] of {path.name}" for row in range(count)]
    return pd.DataFrame(columns, index=names, dtype=object)


def _labels(file: ArrayPictures, name: str, path: Path) -> list[Any]:
    """Label of each picture, or labels: numbers, or names if the file has an array of names."""
    values, names = file.values(name), _class_names(file)
    if values.ndim == 2 and values.shape[1] > 1:
        if not np.isin(values, (0, 1)).all():
            raise DataError(
                f"{path} has {values.shape[1]} labels for each picture in {name}. Here each "
                "picture has exactly one label: keep one column."
            )
        return [_named(np.flatnonzero(row).tolist(), names) for row in values]
    cells = [_text(cell) for cell in values.reshape(len(values), -1)[:, 0].tolist()]
    return _named(cells, names)


def _class_names(file: ArrayPictures) -> list[Any]:
    known = next((each for each in _CLASSES if each in file.arrays), None)
    if known is None:
        return []
    names = [str(_text(cell)) for cell in file.values(known).tolist()]
    return list(same_names.apart(dict(enumerate(names))).values())


def _named(cells: list[Any], names: list[Any]) -> list[Any]:
    """Names in place of indices, if there are as many."""
    is_index = all(isinstance(cell, int) and 0 <= cell < len(names) for cell in cells)
    return [names[cell] for cell in cells] if names and is_index else cells


def _text(cell: Any) -> Any:
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else cell


def _why_none(path: Path, arrays: dict[str, Array]) -> str:
    held = [f"{name} {array.dtype} {array.shape}" for name, array in list(arrays.items())[:8]]
    return mark(
        f"{path} has no pictures with labels; it holds {', '.join(held) or 'no arrays'}. Save the "
        "pictures as uint8 of shape (N, H, W) or (N, H, W, 3) named images, and the labels as "
        "labels; or train_images and train_labels, and so on."
    )


FORM = TableFile(suffixes=(".npz",), read=_read)
