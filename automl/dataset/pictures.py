"""What there is to know of a picture file, and small pictures of it to look at.

How a picture becomes a model's input is in `preprocessing`.
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from automl.dataset import appearance
from automl.dataset.appearance import Appearance
from automl.dataset.preprocessing import (
    MAX_PIXELS,
    UnreadablePicture,
    load_preprocessed,
    load_rgb,
    opened,
    orientation_of,
    preprocess,
    upright_rgb,
)

__all__ = [
    "MAX_PIXELS",
    "MAX_THUMBNAIL_BYTES",
    "PictureFacts",
    "UnreadablePicture",
    "enlarged",
    "examine",
    "load_preprocessed",
    "load_rgb",
    "preprocess",
    "thumbnail",
]

MAX_THUMBNAIL_BYTES = 10_000


@dataclass(frozen=True)
class PictureFacts:
    """What a picture file holds; width and height are those of the upright picture."""

    width: int
    height: int
    format: str
    mode: str
    appearance: Appearance


def thumbnail(source: Path | BinaryIO, side: int = 128) -> bytes:
    """JPEG of at most 10 KB, fitted into a square; tiny pictures are enlarged with hard edges."""
    image = _fitted(source, side)
    for quality in (85, 60, 40, 20, 5):
        encoded = _jpeg(image, quality)
        if len(encoded) <= MAX_THUMBNAIL_BYTES:
            return encoded
    return thumbnail(io.BytesIO(encoded), side // 2)


def enlarged(source: Path | BinaryIO, side: int = 720) -> bytes:
    """JPEG to look at closely, fitted into a square as in `thumbnail`."""
    return _jpeg(_fitted(source, side), 90)


def _fitted(source: Path | BinaryIO, side: int) -> Image.Image:
    image = load_rgb(source, min_side=side)
    enlargement = side // max(image.size)
    if enlargement > 1:
        size = (image.width * enlargement, image.height * enlargement)
        image = image.resize(size, Image.Resampling.NEAREST)
    image.thumbnail((side, side))
    return _thickened(image, side // 16)


def _thickened(image: Image.Image, least: int) -> Image.Image:
    """A strip on white that is thick enough to be drawn, also when it is shown smaller."""
    width, height = (max(length, least) for length in image.size)
    if (width, height) == image.size:
        return image
    canvas = Image.new("RGB", (width, height), "white")
    canvas.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
    return canvas


def examine(source: Path | BinaryIO) -> PictureFacts:
    """Facts about a picture that was read to its end, so that a cut-off file is found."""
    with opened(source) as image:
        (width, height), mode, file_format = image.size, image.mode, image.format or ""
        # reads every byte of a JPEG but rebuilds only as many pixels as are looked at
        image.draft(None, (appearance.SIDE, appearance.SIDE))
        look = appearance.measure(upright_rgb(image))
        if orientation_of(image) >= 5:
            width, height = height, width
    return PictureFacts(width=width, height=height, format=file_format, mode=mode, appearance=look)


def _jpeg(image: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()
