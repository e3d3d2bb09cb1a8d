"""A Parquet file."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from automl.dataset.locations import Surroundings
from automl.dataset.readers.form import TableFile
from automl.dataset.readers.table import Table
from automl.errors import DataError

MAX_ROWS = 10_000_000


def read(path: Path, _: Surroundings) -> Table:
    """The table of a file, see `rows`."""
    return Table(rows(path), path, path.parent)


def rows(path: Path) -> pd.DataFrame:
    """All rows as Python objects: in columns of numbers with gaps, pandas would make 3.0 of 3.

    Columns of bytes, which may hold whole pictures, are left out, and so are nested columns that
    are not lists.

    Raises:
        DataError: the file is not a Parquet file, or would take too much memory.
    """
    try:
        names, values = _used_columns(path)
    except DataError:
        raise
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno:
            raise  # the file does not exist, or may not be read
        reason = str(error).splitlines()[0].rstrip(".")
        raise DataError(f"{path} is not a parquet file that can be read ({reason}).") from None
    numbers = [f"Row {number} of {path.name}" for number in range(1, len(values[0]) + 1)]
    columns = dict(zip(names, values, strict=True))
    return pd.DataFrame(columns, index=numbers, dtype=object)


def _used_columns(path: Path) -> tuple[list[str], list[list[object]]]:
    """Names and values of the columns that are used."""
    with pq.ParquetFile(path) as file:
        if file.metadata.num_rows > MAX_ROWS:
            raise DataError(
                f"{path} has {file.metadata.num_rows:,} rows; at most {MAX_ROWS:,} can be "
                "read. Take a part of them."
            )
        names = [field.name for field in file.schema_arrow if not _is_heavy(field.type)]
        if not names:
            raise DataError(
                f"{path} has no columns of text or numbers. Write the pictures to files, and "
                "their paths and labels into the table."
            )
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise DataError(
                f"{path} has several columns named {', '.join(repeated)}. Rename all but one."
            )
        table = file.read(columns=names)
        return names, [table[name].to_pylist() for name in names]


def _is_heavy(kind: pa.DataType) -> bool:
    heavy = (pa.types.is_struct, pa.types.is_map, pa.types.is_binary, pa.types.is_large_binary)
    return any(is_it(kind) for is_it in heavy)


FORM = TableFile(suffixes=(".parquet",), read=read)
