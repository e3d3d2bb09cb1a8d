"""A Parquet file; pictures may be inside of it, as in the data sets of Hugging Face."""

import io
from collections.abc import Container
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
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
_BATCH_BYTES = 25 * 1000**2
_SMALL_BYTES = 400 * 1000**2
_MAX_BYTES = 4 * 1000**3


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
    columns = _cells(file, plain, path)
    numbers = _numbers(path, len(columns[plain[0]]))
    for name, classes in features.class_names(_features(file)).items():
        if name in columns:
            columns[name] = features.labels(columns[name], classes, numbers)
    columns |= {name: _locations(file, name, path) for name in pictures}
    return {name: columns[name] for name in names}


def _cells(file: pq.ParquetFile, names: list[str], path: Path) -> dict[str, list[Any]]:
    """The cells of columns; a text that a file holds once for many rows is one object.

    Raises:
        DataError: the rows are far larger than the file, or than fits.
    """
    columns: dict[str, list[Any]] = {name: [] for name in names}
    limit = min(max(_SMALL_BYTES, blocks.MAX_RATIO * path.stat().st_size), _MAX_BYTES)
    num_bytes = 0
    for batch in file.iter_batches(_num_at_once(file, names), columns=names):
        num_bytes += sum(map(_num_bytes, batch.columns))
        if num_bytes > limit:
            raise DataError(
                f"{path} unpacks to more than {limit / 1000**2:,.0f} MB of texts and numbers. Take "
                "a part of it, or shorten its texts."
            )
        for name in names:
            columns[name] += _shared(batch[name])
    return columns


def _num_at_once(file: pq.ParquetFile, names: Container[str]) -> int:
    """Rows of a batch: each may be as large as all that its column holds in a row group."""
    largest = 1.0
    for number in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(number)
        for column in map(group.column, range(group.num_columns)):
            if column.path_in_schema.partition(".")[0] in names:
                of_numbers = 8 * column.num_values / max(group.num_rows, 1)
                largest = max(largest, column.total_uncompressed_size, of_numbers)
    return min(max(int(_BATCH_BYTES / largest), 16), 65_536)


def _num_bytes(values: pa.Array) -> int:
    """Bytes of the values, each as often as rows refer to it."""
    if not pa.types.is_dictionary(values.type) or not _is_text(values.type.value_type):
        return int(values.nbytes)
    lengths = pc.binary_length(values.dictionary).take(values.indices)
    return int(values.indices.nbytes) + (pc.sum(lengths).as_py() or 0)


def _shared(values: pa.Array) -> list[Any]:
    """The cells; rows with the same text have one object."""
    if pa.types.is_dictionary(values.type):
        texts = values.dictionary.to_pylist()
        return [None if at is None else texts[at] for at in values.indices.to_pylist()]
    cells = values.to_pylist()
    if not _is_text(values.type):
        return list(cells)
    seen: dict[Any, Any] = {}
    return [seen.setdefault(cell, cell) for cell in cells]


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


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_heavy(kind: pa.DataType) -> bool:
    heavy = (pa.types.is_struct, pa.types.is_map, pa.types.is_binary, pa.types.is_large_binary)
    return any(is_it(kind) for is_it in heavy)


FORM = TableFile(suffixes=(".parquet",), read=read)
