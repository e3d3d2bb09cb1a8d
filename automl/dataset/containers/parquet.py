"""Pictures in a column of a Parquet file, read a row group at a time."""

import bisect
import io
import itertools
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from automl.dataset.containers import blocks
from automl.dataset.preprocessing import UnreadablePicture
from automl.errors import short
from automl.texts import mark

_ADVICE = mark("Write the table with row groups of about 100 rows.")
_MAX_AT_ONCE = 1_000
_BYTES_AT_ONCE = 100 * 1000**2


class ParquetPictures:
    """An open file; a picture is a value of a column of bytes, or `bytes` of one of structs."""

    def __init__(self, path: str) -> None:
        """Open the file.

        Raises:
            UnreadablePicture: it is not a Parquet file.
        """
        self._source = pa.OSFile(path)  # stays with this file if another one takes its name
        try:
            self._metadata = pq.read_metadata(self._source)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise UnreadablePicture(f"The table cannot be read ({_first_line(error)}).") from error
        groups = [self._metadata.row_group(n) for n in range(self._metadata.num_row_groups)]
        self._starts = [0, *itertools.accumulate(group.num_rows for group in groups)]
        schema = self._metadata.schema
        self._leaves = {schema.column(n).path: n for n in range(len(schema))}

    def picture(self, position: str) -> BinaryIO:
        """Open the picture of a row, see `Container`."""
        column, row = blocks.position(position)
        group = bisect.bisect_right(self._starts, row) - 1
        leaf = self._leaves.get(f"{column}.bytes", self._leaves.get(column))
        if leaf is None or not 0 <= group < len(self._starts) - 1:
            raise UnreadablePicture(f"The table has no row {row} with {short(column)} in it.")
        values = blocks.block(
            (self, leaf, group), lambda: self._read(column, leaf, group), lambda v: int(v.nbytes)
        )
        value = values[row - self._starts[group]]
        if not value.is_valid:
            raise UnreadablePicture("The row has no picture.")
        return io.BytesIO(value.as_buffer())

    def _read(self, column: str, leaf: int, group: int) -> pa.ChunkedArray:
        """The bytes of the rows of one group."""
        claimed = self._metadata.row_group(group).column(leaf)
        blocks.check_claim(
            claimed.total_compressed_size, claimed.total_uncompressed_size, advice=_ADVICE
        )
        try:
            file = pq.ParquetFile(self._source, metadata=self._metadata)
            values = _bounded(file, group, claimed)[column]
            if pa.types.is_struct(values.type):
                values = values.flatten()[0]
        except UnreadablePicture:
            raise
        except (pa.ArrowException, OSError, ValueError, LookupError) as error:
            raise UnreadablePicture(f"Its rows cannot be read ({_first_line(error)}).") from error
        kind = values.type
        is_bytes = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
        if not is_bytes or len(values) != self._starts[group + 1] - self._starts[group]:
            raise UnreadablePicture(f"{short(column)} is not a column of bytes.")
        return values


def _bounded(file: pq.ParquetFile, group: int, claimed: pq.ColumnChunkMetaData) -> pa.Table:
    """The rows of a column, which are larger than claimed where many refer to one value."""
    at_once = max(1, _BYTES_AT_ONCE // max(claimed.total_uncompressed_size, 1))
    batches: list[pa.RecordBatch] = []
    num_bytes = 0
    for batch in file.iter_batches(
        min(at_once, _MAX_AT_ONCE),
        row_groups=[group],
        columns=[claimed.path_in_schema],
        use_threads=False,
    ):
        num_bytes += batch.nbytes
        blocks.check_claim(claimed.total_compressed_size, num_bytes, advice=_ADVICE)
        batches.append(batch)
    return pa.Table.from_batches(batches)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
