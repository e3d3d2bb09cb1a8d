"""A folder of Parquet files with pictures inside, as Hugging Face publishes data sets.

The files lie in the folder, in `data` in it, or in folders named after splits.
"""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from automl.dataset.locations import Surroundings
from automl.dataset.readers import features
from automl.dataset.readers.form import Certainty, Folder
from automl.dataset.readers.forms import parquet
from automl.dataset.readers.table import Table
from automl.dataset.split_words import split_folders
from automl.errors import DataError

_NOT_SHARDS = ("metadata.parquet", "labels.parquet")


def _certainty(folder: Path) -> Certainty:
    has_pictures = any(_has_pictures(path) for path in _shards(folder)[:1])
    return Certainty.STRONG if has_pictures else Certainty.NO


def _read(folder: Path, around: Surroundings) -> Table:
    """All files as one table, whose column `split` says what the files' names say."""
    paths = [path for path in _shards(folder) if _has_pictures(path)]
    if not paths:
        raise DataError(
            f"{folder} has no Parquet file with pictures inside. Give the path of the table."
        )
    tables = [parquet.read(path, around) for path in paths]
    first, has_splits = tables[0], "split" in tables[0].rows
    splits = features.splits_of([path.relative_to(folder) for path in paths])
    for path, table in zip(paths, tables, strict=True):
        if set(table.rows.columns) != set(first.rows.columns):
            raise DataError(
                f"{paths[0]} and {path} have different columns, so they are no parts of one table. "
                "Give the path of one of them."
            )
    for path, table, split in zip(paths, tables, splits, strict=True):
        if not has_splits:
            table.rows.insert(0, "split", split)
        table.rows.index = [f"{row} in {path.parent.name}" for row in table.rows.index]
    rows = pd.concat([table.rows for table in tables])
    return Table(rows, folder, folder, first.image_column, first.label_column)


def _shards(folder: Path) -> list[Path]:
    """Parquet files in the folder, or else in `data` in it, or else in folders of splits."""
    for places in ([folder], [folder / "data"], split_folders(folder)):
        found = [
            path
            for place in places
            for path in sorted(place.glob("*.parquet"))
            if path.name not in _NOT_SHARDS and not path.name.startswith(".")
        ]
        if found:
            return found
    return []


def _has_pictures(path: Path) -> bool:
    try:
        with pq.ParquetFile(path) as file:
            return bool(parquet.picture_columns(file))
    except (pa.ArrowException, OSError, ValueError):
        return False


FORM = Folder(read=_read, certainty=_certainty)
