"""Hugging Face's image folder: pictures, and a metadata file that says what is on each."""

from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pandas as pd

from automl.dataset.layout import SPLITS, are_splits
from automl.dataset.readers import delimited, jsonl, parquet
from automl.dataset.readers.table import Table
from automl.errors import DataError

_READERS: dict[str, Callable[[Path], Table]] = {
    "metadata.csv": delimited.read_csv,
    "metadata.jsonl": jsonl.read_jsonl,
    "metadata.parquet": parquet.read_parquet,
}
_FILE_NAME = "file_name"


def is_one(folder: Path) -> bool:
    return bool(_metadata(folder) or _parts(folder))


def read_hf_imagefolder(folder: Path) -> Table:
    """The metadata of the folder, or of the folders for each split in it.

    Raises:
        DataError: there is none, or it cannot be read.
    """
    path = _metadata(folder)
    parts = {} if path else _parts(folder)
    if path is not None:
        rows = _with_splits(_rows(path))
    elif parts:
        rows = pd.concat([_part(name, path) for name, path in parts.items()])
    else:
        raise DataError(
            f"{folder} has no {' or '.join(_READERS)} in it. Set type to image_folder if the "
            "pictures are in folders named after their classes."
        )
    return Table(rows, path or folder, folder, image_column=_FILE_NAME)


def _metadata(folder: Path) -> Path | None:
    return next((folder / name for name in _READERS if (folder / name).is_file()), None)


def _parts(folder: Path) -> dict[str, Path]:
    """Names of the splits' folders, and the metadata of each."""
    names = sorted(child.name for child in folder.iterdir() if child.name.lower() in SPLITS)
    found = {name: _metadata(folder / name) for name in names}
    return {name: path for name, path in found.items() if path is not None}


def _rows(path: Path) -> pd.DataFrame:
    rows = _READERS[path.name](path).rows
    if _FILE_NAME not in rows.columns:
        raise DataError(
            f"{path} has no column {_FILE_NAME}; its columns are {', '.join(rows.columns)}. "
            "That column says which picture a row is about."
        )
    rows.index = [f"{row} in {path.parent.name}" for row in rows.index]
    return rows


def _part(name: str, path: Path) -> pd.DataFrame:
    """The rows of one split, relative to the folder above."""
    rows = _rows(path)
    inside = [f"{name}/{file}" if isinstance(file, str) else file for file in rows[_FILE_NAME]]
    rows[_FILE_NAME] = pd.Series(inside, index=rows.index, dtype=object)
    rows["split"] = SPLITS[name.lower()]
    return rows


def _with_splits(rows: pd.DataFrame) -> pd.DataFrame:
    """Pictures that lie in folders called train and test are meant so."""
    files = [PurePosixPath(str(file)).parts for file in rows[_FILE_NAME]]
    if "split" in rows.columns or not all(len(parts) > 1 for parts in files):
        return rows
    tops = {parts[0] for parts in files}
    if not are_splits(tops):
        return rows
    return rows.assign(split=[SPLITS[parts[0].lower()] for parts in files])
