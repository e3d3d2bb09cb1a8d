"""Locations of all pictures in a file that holds many: a table or arrays."""

from collections.abc import Iterator
from pathlib import Path

from automl.dataset import picture_location
from automl.dataset.containers import blocks
from automl.dataset.preprocessing import UnreadablePicture
from automl.errors import DataError

SUFFIXES = (".parquet", ".npz", ".arrow")


def locations(path: Path) -> Iterator[str]:
    """Location of each picture in a file with one of `SUFFIXES`.

    Raises:
        DataError: the file cannot be read, or has no column of pictures.
    """
    try:
        sizes = _arrays(path) if path.suffix.lower() == ".npz" else _columns(path)
    except UnreadablePicture as error:
        raise DataError(f"{path} cannot be read. {error}") from error
    if not sizes:
        raise DataError(
            f"{path} has no column of pictures. Give a file with the bytes of pictures in it, or a "
            "folder or archive of pictures."
        )
    for name, count in sizes.items():
        for row in range(count):
            yield picture_location.inside(path, blocks.written(name, row))


def _arrays(path: Path) -> dict[str, int]:
    """Number of pictures by the name of the array."""
    from automl.dataset.containers.npz import ArrayPictures

    arrays = ArrayPictures(str(path)).arrays
    return {name: array.shape[0] for name, array in arrays.items() if array.channels}


def _columns(path: Path) -> dict[str, int]:
    """Number of rows by the name of the column."""
    if path.suffix.lower() == ".arrow":
        from automl.dataset.containers.arrow import ArrowPictures

        return ArrowPictures(str(path)).num_rows
    import pyarrow as pa
    import pyarrow.parquet as pq

    from automl.dataset.readers.forms.parquet import picture_columns

    try:
        with pq.ParquetFile(path) as file:
            return dict.fromkeys(picture_columns(file), file.metadata.num_rows)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadablePicture(str(error).partition("\n")[0]) from error
