"""A Parquet file; pictures may be inside of it, as in the data sets of Hugging Face."""

import io
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from automl.dataset import picture_location
from automl.dataset.containers import blocks
from automl.dataset.locations import Surroundings
from automl.dataset.preprocessing import UnreadablePicture, opened
from automl.dataset.readers import features
from automl.dataset.readers.form import TableFile
from automl.dataset.readers.table import Table
from automl.errors import DataError
from automl.texts import mark

MAX_ROWS = 10_000_000
_NUM_ROWS_AT_ONCE = 16


def read(path: Path, _: Surroundings) -> Table:
    """The table of a file, see `rows`.

    With pictures inside, its schema may say which column holds the labels.
    """
    frame = rows(path)
    with pq.ParquetFile(path) as file:
        pictures, described = picture_columns(file), _features(file)
    if not pictures:
        return Table(frame, path, path.parent)
    return Table(
        frame,
        path,
        path.parent,
        image_column=pictures[0] if len(pictures) == 1 else None,
        label_column=features.label_column(described),
    )


def rows(path: Path) -> pd.DataFrame:
    """All rows as Python objects: in columns of numbers with gaps, pandas would make 3.0 of 3.

    Columns of pictures hold their locations, and those of class indices the names of the classes.
    Other columns of bytes are left out, and so are nested columns that are not lists.

    Raises:
        DataError: the file is not a Parquet file, or would take too much memory.
    """
    try:
        with pq.ParquetFile(path) as file:
            columns = _used_columns(file, path)
    except DataError:
        raise
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno:
            raise  # the file does not exist, or may not be read
        reason = str(error).splitlines()[0].rstrip(".")
        raise DataError(f"{path} is not a parquet file that can be read ({reason}).") from None
    numbers = _numbers(path, len(next(iter(columns.values()))))
    return pd.DataFrame(columns, index=numbers, dtype=object)


def picture_columns(file: pq.ParquetFile) -> list[str]:
    """Columns with a picture's bytes in each row, alone or in a struct with its `path`."""
    return [
        field.name
        for field in file.schema_arrow
        if _has_bytes(field.type) or (_is_bytes(field.type) and _starts_like_picture(file, field))
    ]


def _used_columns(file: pq.ParquetFile, path: Path) -> dict[str, list[Any]]:
    """The columns that are used."""
    if file.metadata.num_rows > MAX_ROWS:
        raise DataError(
            f"{path} has {file.metadata.num_rows:,} rows; at most {MAX_ROWS:,} can be "
            "read. Take a part of them."
        )
    pictures = picture_columns(file)
    plain = [field.name for field in file.schema_arrow if not _is_heavy(field.type)]
    if not plain:
        raise DataError(
            f"{path} has no columns of text or numbers. Write the labels of the pictures into it."
        )
    names = [name for name in file.schema_arrow.names if name in {*pictures, *plain}]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(
            f"{path} has several columns named {', '.join(repeated)}. Rename all but one."
        )
    table = file.read(columns=plain)
    columns = {name: table[name].to_pylist() for name in plain}
    numbers = _numbers(path, len(table))
    for name, classes in features.class_names(_features(file)).items():
        if name in columns:
            columns[name] = features.labels(columns[name], classes, numbers)
    columns |= {name: _locations(file, name, path) for name in pictures}
    return {name: columns[name] for name in names}


def _locations(file: pq.ParquetFile, name: str, path: Path) -> list[Any]:
    """Locations of the pictures of a column; paths beside the table if it has no bytes."""
    if _has_no_bytes(file, name):
        cells = file.read([f"{name}.path"])[name].to_pylist()
        return [cell and cell.get("path") for cell in cells]
    rows = range(file.metadata.num_rows)
    return [picture_location.inside(path.absolute(), blocks.written(name, row)) for row in rows]


def _has_no_bytes(file: pq.ParquetFile, name: str) -> bool:
    leaves = {file.schema.column(n).path: n for n in range(len(file.schema))}
    if f"{name}.bytes" not in leaves or f"{name}.path" not in leaves:
        return False
    batches = file.iter_batches(_NUM_ROWS_AT_ONCE, columns=[f"{name}.bytes"])
    return all(
        batch.column(0).flatten()[0].null_count == len(batch) for batch in batches
    )  # ends at the first rows with pictures


def _starts_like_picture(file: pq.ParquetFile, field: pa.Field) -> bool:
    if not file.metadata.num_rows:
        return False
    first = next(file.iter_batches(1, columns=[field.name]))[0][0].as_py()
    try:
        with opened(io.BytesIO(first or b"")):
            return True
    except UnreadablePicture:
        return False


def _features(file: pq.ParquetFile) -> dict[str, Any]:
    return features.of_schema(file.schema_arrow.metadata)


def _numbers(path: Path, count: int) -> list[str]:
    return [mark(f"Row {number} of {path.name}") for number in range(1, count + 1)]


def _has_bytes(kind: pa.DataType) -> bool:
    """True for a struct such as Hugging Face's of `bytes` and `path`."""
    return pa.types.is_struct(kind) and any(
        field.name == "bytes" and _is_bytes(field.type) for field in kind
    )


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _is_heavy(kind: pa.DataType) -> bool:
    heavy = (pa.types.is_struct, pa.types.is_map, pa.types.is_binary, pa.types.is_large_binary)
    return any(is_it(kind) for is_it in heavy)


FORM = TableFile(suffixes=(".parquet",), read=read)
