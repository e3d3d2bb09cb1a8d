"""Pictures that are rows of arrays in an .npz file, as PNG files made on the fly."""

import io
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from automl.dataset import archive_members
from automl.dataset.containers import blocks, png
from automl.dataset.containers.open_file import OpenFile
from automl.dataset.preprocessing import UnreadablePicture, max_pixels
from automl.errors import short
from automl.texts import mark

MAX_ARRAYS = 1_000
_MAX_HEADER_BYTES = 4_096
_LOCAL_HEADER_BYTES = 30
_ADVICE = mark("Save it with np.savez, without compression.")


@dataclass(frozen=True)
class Array:
    """An array and where it is in the file."""

    info: zipfile.ZipInfo
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    start: int
    """Bytes of the .npy file before the values."""

    @property
    def channels(self) -> int:
        """Channels of the pictures, 0 if the rows of the array are none."""
        is_grey, is_colour = len(self.shape) == 3, len(self.shape) == 4
        channels = 1 if is_grey else self.shape[3] if is_colour else 0
        return channels if channels in (1, 3, 4) and self.dtype == np.uint8 else 0


class ArrayPictures:
    """An open .npz file."""

    def __init__(self, path: str) -> None:
        """Open the file and read the headers of its arrays.

        Raises:
            OSError: it cannot be opened.
            UnreadablePicture: it is no .npz file, or damaged.
        """
        self._path = path
        self._file = OpenFile(path)
        self.arrays: dict[str, Array] = {}
        try:
            archive_members.check_directory(Path(path))
            with zipfile.ZipFile(path) as archive:
                for info in archive.infolist()[:MAX_ARRAYS]:
                    if info.filename.endswith(".npy"):
                        with archive.open(info) as file:
                            start = file.read(_MAX_HEADER_BYTES)
                        self.arrays[info.filename.removesuffix(".npy")] = _array(info, start)
        except (*archive_members.BROKEN, OSError) as error:
            if archive_members.is_from_disk(error):
                raise
            raise UnreadablePicture(f"The arrays cannot be read ({error}).") from error

    def picture(self, position: str) -> BinaryIO:
        """Open a picture, see `Container`."""
        name, row = blocks.position(position)
        array = self.arrays.get(name)
        if array is None or not array.channels or row >= array.shape[0]:
            raise UnreadablePicture(f"The file has no picture {short(position)}.")
        height, width = array.shape[1:3]
        if not 0 < height * width <= max_pixels():
            raise UnreadablePicture(f"It has {width} x {height} pixels.")
        length = height * width * array.channels
        pixels = self._bytes(array, row * length, length)
        if len(pixels) != length:
            raise UnreadablePicture("The file is cut off.")
        channels = array.channels
        return io.BytesIO(png.encoded(pixels, width=width, height=height, channels=channels))

    def values(self, name: str) -> NDArray[np.generic]:
        """A whole array.

        Raises:
            UnreadablePicture: it holds Python objects, or is damaged or too large.
        """
        array = self.arrays[name]
        if array.dtype.hasobject:
            raise UnreadablePicture(f"The array {short(name)} holds Python objects.")
        content = self._whole(array)
        return np.frombuffer(content, array.dtype, math.prod(array.shape), array.start).reshape(
            array.shape
        )

    def _bytes(self, array: Array, start: int, length: int) -> bytes:
        if array.info.compress_type == zipfile.ZIP_STORED:
            return self._file.read(self._stored_at(array) + array.start + start, length)
        whole = blocks.block((self, array.info.filename), lambda: self._whole(array), len)
        return whole[array.start + start : array.start + start + length]

    def _stored_at(self, array: Array) -> int:
        at = array.info.header_offset
        local = self._file.read(at, _LOCAL_HEADER_BYTES)
        return (
            at
            + _LOCAL_HEADER_BYTES
            + sum(int.from_bytes(local[place : place + 2], "little") for place in (26, 28))
        )

    def _whole(self, array: Array) -> bytes:
        """The .npy file of an array."""
        info = array.info
        blocks.check_claim(info.compress_size, info.file_size, advice=_ADVICE)
        try:
            with zipfile.ZipFile(self._path) as archive, archive.open(info) as file:
                return file.read(info.file_size)
        except (*archive_members.BROKEN, OSError) as error:
            if archive_members.is_from_disk(error):
                raise
            raise UnreadablePicture(f"The array cannot be read ({error}).") from error


def _array(info: zipfile.ZipInfo, start: bytes) -> Array:
    """The header of an .npy file; its size must be that of the values.

    Raises:
        ValueError: it is no such file, or its header lies.
    """
    file = io.BytesIO(start)
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0
    if version != (1, 0):
        read = np.lib.format.read_array_header_2_0
    shape, in_columns, dtype = read(file)
    size = file.tell() + math.prod(shape) * dtype.itemsize
    is_wrong = not dtype.hasobject and size != info.file_size
    if in_columns and len(shape) > 1 or is_wrong or any(side < 0 for side in shape):
        raise ValueError(mark(f"{info.filename} is damaged, or in Fortran's order"))
    return Array(info, shape, dtype, file.tell())
