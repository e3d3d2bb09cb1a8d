"""Further frames and pages of a picture file, and further values of a pixel, which are not used."""

import contextlib
from typing import Any, BinaryIO

from PIL import Image, TiffImagePlugin

from automl.dataset import dicom

_MAX_THUMBNAIL_SHARE = 0.5
_TIFF = (b"II*\0", b"MM\0*")
_MAX_VALUES = 4


def has_several(image: Image.Image) -> bool:
    """Return True if a decoded picture has other frames or pages that show as much as the first.

    Smaller copies of the first page in a TIFF file, and previews and gain maps in a JPEG file, do
    not count.
    """
    with contextlib.suppress(Exception):  # what follows the first frame may be damaged
        if image.format == dicom.FORMAT:
            return bool(image.info[dicom.FRAMES] > 1)
        if image.format == "MPO":
            return _has_multi_frame(image)
        if not getattr(image, "is_animated", False):
            return False
        return image.format != "TIFF" or _is_as_large_as_the_first(image)
    return False


def _has_multi_frame(image: Any) -> bool:
    entries = image.mpinfo[0xB002][1:]
    return any(entry["Attribute"]["MPType"].startswith("Multi-Frame") for entry in entries)


def _is_as_large_as_the_first(image: Image.Image) -> bool:
    width = image.width
    image.seek(1)
    try:
        return image.width > _MAX_THUMBNAIL_SHARE * width
    finally:
        image.seek(0)


def num_bands(file: BinaryIO) -> int:
    """Number of values in each pixel of a TIFF file, if they are more than four; else 0."""
    file.seek(0)
    head = file.read(8)
    if not head.startswith(_TIFF):
        return 0
    with contextlib.suppress(Exception):  # it may be damaged in any way
        directory = TiffImagePlugin.ImageFileDirectory_v2(head)
        file.seek(directory.next)
        directory.load(file)
        count = int(directory[TiffImagePlugin.SAMPLESPERPIXEL])
        return count if count > _MAX_VALUES else 0
    return 0
