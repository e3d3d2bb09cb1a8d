"""A folder written by `save_to_disk` of Hugging Face's `datasets`: one split, or a folder each."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from automl.dataset import picture_location
from automl.dataset.containers import blocks
from automl.dataset.containers.arrow import table_of
from automl.dataset.locations import Surroundings
from automl.dataset.preprocessing import UnreadablePicture
from automl.dataset.readers import features, text
from automl.dataset.readers.form import Certainty, Folder
from automl.dataset.readers.table import Table
from automl.errors import DataError, short
from automl.texts import mark

_SPLITS_FILE, _STATE, _INFO = "dataset_dict.json", "state.json", "dataset_info.json"


def _certainty(folder: Path) -> Certainty:
    is_saved = (folder / _SPLITS_FILE).is_file() or all(
        (folder / name).is_file() for name in (_STATE, _INFO)
    )
    return Certainty.CERTAIN if is_saved else Certainty.NO


def _read(folder: Path, _: Surroundings) -> Table:
    """The tables of all splits as one."""
    parts: dict[str | None, Path] = {None: folder}
    if (folder / _SPLITS_FILE).is_file():
        names = _json(folder / _SPLITS_FILE).get("splits")
        parts = {name: _below(folder, name) for name in names} if isinstance(names, list) else {}
    tables = [_rows(place).assign(split=name) for name, place in parts.items()]
    if not tables:
        raise DataError(f"{folder / _SPLITS_FILE} names no splits. Save the data set again.")
    described = _features(next(iter(parts.values())))
    images = [
        name
        for name, feature in described.items()
        if isinstance(feature, dict) and feature.get("_type") == "Image"
    ]
    return Table(
        pd.concat(tables),
        folder,
        folder,
        image_column=images[0] if len(images) == 1 else None,
        label_column=features.label_column(described),
        split_column="split",
    )


def _rows(folder: Path) -> pd.DataFrame:
    """The rows of one split."""
    files = _json(folder / _STATE).get("_data_files")
    names = [file.get("filename") if isinstance(file, dict) else None for file in files or ()]
    if not names:
        raise DataError(f"{folder / _STATE} names no files. Save the data set again.")
    return pd.concat([file_rows(_below(folder, name), _features(folder)) for name in names])


def file_rows(path: Path, described: dict[str, Any]) -> pd.DataFrame:
    """The rows of an Arrow file, with locations of pictures and names of classes.

    Args:
        path: the file.
        described: its features, see `features`.

    Raises:
        DataError: it cannot be read.
    """
    try:
        table = table_of(str(path))
    except UnreadablePicture as error:
        raise DataError(f"{path}: {error} Save the data set again.") from None
    where = [mark(f"Row {number} of {path.name}") for number in range(1, len(table) + 1)]
    classes = features.class_names(described)
    columns: dict[str, Any] = {}
    for name, values in zip(table.column_names, table.columns, strict=True):
        if _holds_pictures(values.type):
            columns[name] = [
                picture_location.inside(path.absolute(), blocks.written(name, row))
                for row in range(len(table))
            ]
        elif not pa.types.is_nested(values.type) or _is_list(values.type):
            cells = values.to_pylist()
            columns[name] = (
                features.labels(cells, classes[name], where) if name in classes else cells
            )
    return pd.DataFrame(columns, index=where, dtype=object)


def _holds_pictures(kind: pa.DataType) -> bool:
    is_bytes = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    return bool(is_bytes or (pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0))


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def _features(folder: Path) -> dict[str, Any]:
    described = _json(folder / _INFO).get("features")
    return described if isinstance(described, dict) else {}


def _below(folder: Path, name: object) -> Path:
    """A file or folder by its plain name; any other could lead out of the data."""
    if not isinstance(name, str) or Path(name).name != name:
        raise DataError(f"{folder} names a part {short(str(name))}. Save the data set again.")
    if not (folder / name).exists():
        raise DataError(f"{folder / name} does not exist, but belongs to the data. Copy it there.")
    return folder / name


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(text.read(path))
    except FileNotFoundError:
        raise DataError(f"{path} does not exist. Copy the whole folder.") from None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise DataError(f"{path} is not a JSON object. Save the data set again.")
    return content


FORM = Folder(read=_read, certainty=_certainty)
