"""Pictures in a column of an Arrow file, as `datasets` saves them: mapped into memory."""

import bisect
import io
import itertools
from typing import BinaryIO

import pyarrow as pa

from automl.dataset.containers import blocks
from automl.dataset.preprocessing import UnreadablePicture
from automl.errors import short

_FILE_MAGIC = b"ARROW1"


def table_of(path: str) -> pa.Table:
    """The table of a file or stream of Arrow; its values stay on disk until they are used.

    Raises:
        OSError: the file cannot be opened.
        UnreadablePicture: it is no such file, or its offsets lie.
    """
    source = pa.memory_map(path)
    try:
        is_file = source.read(len(_FILE_MAGIC)) == _FILE_MAGIC
        source.seek(0)
        reader = pa.ipc.open_file(source) if is_file else pa.ipc.open_stream(source)
        table = reader.read_all()
        table.validate(full=True)  # otherwise an offset could lead anywhere in memory
    except (pa.ArrowException, OSError, ValueError) as error:
        first = (str(error).splitlines() or ["damaged"])[0].rstrip(".")
        raise UnreadablePicture(f"The table cannot be read ({first}).") from error
    return table


class ArrowPictures:
    """An open file; a picture is a value of a column of bytes, or `bytes` of one of structs."""

    def __init__(self, path: str) -> None:
        """Open the file, see `table_of`."""
        table = table_of(path)
        self._columns: dict[str, tuple[list[int], list[pa.Array]]] = {}
        for name, values in zip(table.column_names, table.columns, strict=True):
            chunks = [chunk for chunk in map(_bytes, values.chunks) if chunk is not None]
            if len(chunks) == values.num_chunks:
                self._columns[name] = [0, *itertools.accumulate(map(len, chunks))], chunks

    @property
    def num_rows(self) -> dict[str, int]:
        """Number of rows by the name of each column of bytes."""
        return {name: starts[-1] for name, (starts, _) in self._columns.items()}

    def picture(self, position: str) -> BinaryIO:
        """Open the picture of a row, see `Container`."""
        column, row = blocks.position(position)
        starts, chunks = self._columns.get(column, ([0], []))
        at = bisect.bisect_right(starts, row) - 1
        if at >= len(chunks):
            raise UnreadablePicture(f"The table has no row {row} with {short(column)} in it.")
        value = chunks[at][row - starts[at]]
        if not value.is_valid:
            raise UnreadablePicture("The row has no picture.")
        return io.BytesIO(value.as_buffer())


def _bytes(chunk: pa.Array) -> pa.Array | None:
    """The bytes of a chunk; None if the column has none."""
    if pa.types.is_struct(chunk.type) and chunk.type.get_field_index("bytes") >= 0:
        chunk = chunk.flatten()[chunk.type.get_field_index("bytes")]
    is_bytes = pa.types.is_binary(chunk.type) or pa.types.is_large_binary(chunk.type)
    return chunk if is_bytes else None
