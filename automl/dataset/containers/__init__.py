"""Files that hold many pictures, read in place: tables, archives, arrays.

A container is opened once and kept while it is used; it is opened again when its file has changed.
"""

import os
from typing import BinaryIO, Protocol

from automl.dataset.containers.kept import Kept


class Container(Protocol):
    """An open file of pictures, which several threads may read at a time."""

    def picture(self, position: str) -> BinaryIO:
        """Open the picture at a position.

        Raises:
            UnreadablePicture: there is none, or the file is damaged.
        """


SUFFIXES = (".parquet", ".tar", ".zip", ".npz", ".arrow")
_MAX_OPEN = 64

_opened: Kept[Container] = Kept(_MAX_OPEN)


def picture(path: str, position: str) -> BinaryIO:
    """Open a picture of a container.

    Raises:
        OSError: the container cannot be opened.
        UnreadablePicture: it is damaged, or holds no picture there.
    """
    status = os.stat(path)  # noqa: PTH116 (called for every picture)
    version = (path, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return _opened.get(version, lambda: _open(path), lambda _: 1).picture(position)


def _open(path: str) -> Container:
    # imported here, as the first page of the app needs none of them
    if path.lower().endswith(".tar"):
        from automl.dataset.containers.tar import TarPictures

        return TarPictures(path)
    if path.lower().endswith(".zip"):
        from automl.dataset.containers.zip import ZipPictures

        return ZipPictures(path)
    if path.lower().endswith(".npz"):
        from automl.dataset.containers.npz import ArrayPictures

        return ArrayPictures(path)
    if path.lower().endswith(".arrow"):
        from automl.dataset.containers.arrow import ArrowPictures

        return ArrowPictures(path)
    from automl.dataset.containers.parquet import ParquetPictures

    return ParquetPictures(path)
