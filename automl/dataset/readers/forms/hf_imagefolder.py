"""Hugging Face's image folder: pictures, and a metadata file with a row for each of them."""

from pathlib import Path, PurePosixPath

import pandas as pd

from automl.dataset.locations import Surroundings
from automl.dataset.readers.form import Certainty, Folder, Read
from automl.dataset.readers.forms import csv, jsonl, parquet
from automl.dataset.readers.table import Table
from automl.dataset.split_words import split_of
from automl.errors import DataError

_READERS: dict[str, Read] = {
    "metadata.csv": csv.read,
    "metadata.jsonl": jsonl.read,
    "metadata.parquet": parquet.read,
}
_FILE_NAME = "file_name"


def _certainty(folder: Path) -> Certainty:
    return Certainty.STRONG if _metadata(folder) or _parts(folder) else Certainty.NO


def _read(folder: Path, around: Surroundings) -> Table:
    """The metadata of the folder, or of the folders for each split in it."""
    path = _metadata(folder)
    parts = {} if path else _parts(folder)
    if path is not None:
        rows = _with_splits(_rows(path, around))
    elif parts:
        rows = pd.concat([_part(name, path, around) for name, path in parts.items()])
    else:
        raise DataError(
            f"{folder} has no {' or '.join(_READERS)} in it. Set type to image_folder if the "
            "pictures are in folders named after their classes."
        )
    return Table(rows, path or folder, folder, image_column=_FILE_NAME)


def _metadata(folder: Path) -> Path | None:
    return next((folder / name for name in _READERS if (folder / name).is_file()), None)


def _parts(folder: Path) -> dict[str, Path]:
    """Names of the splits' folders, and the metadata file of each that has one."""
    names = sorted(child.name for child in folder.iterdir() if split_of(child.name))
    files = {name: _metadata(folder / name) for name in names}
    return {name: path for name, path in files.items() if path is not None}


def _rows(path: Path, around: Surroundings) -> pd.DataFrame:
    rows = _READERS[path.name](path, around).rows
    if _FILE_NAME not in rows.columns:
        raise DataError(
            f"{path} has no column {_FILE_NAME}; its columns are {', '.join(rows.columns)}. "
            "Name the picture of each row in that column."
        )
    rows.index = [f"{row} in {path.parent.name}" for row in rows.index]
    return rows


def _part(name: str, path: Path, around: Surroundings) -> pd.DataFrame:
    """The rows of one split, relative to the folder above."""
    rows = _rows(path, around)
    inside = [f"{name}/{file}" if isinstance(file, str) else file for file in rows[_FILE_NAME]]
    rows[_FILE_NAME] = pd.Series(inside, index=rows.index, dtype=object)
    rows["split"] = split_of(name)
    return rows


def _with_splits(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with a column `split`, if all pictures lie in folders named after splits."""
    files = [PurePosixPath(str(file)).parts for file in rows[_FILE_NAME]]
    if "split" in rows.columns or not all(len(parts) > 1 for parts in files):
        return rows
    tops = {parts[0] for parts in files}
    splits = {split_of(top) for top in tops}
    if None in splits or (len(tops) == 1 and splits != {"train"}):
        return rows
    return rows.assign(split=[str(split_of(parts[0])) for parts in files])


FORM = Folder(read=_read, certainty=_certainty)
