"""Further frames and pages of a picture file, which are not used."""

import contextlib
from typing import Any

from PIL import Image

from automl.dataset import dicom

_MAX_THUMBNAIL_SHARE = 0.5


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
