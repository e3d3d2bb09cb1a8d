"""Facts about a picture file, its appearance in numbers, and thumbnails of it.

How a picture becomes a model's input is in `preprocessing`.
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from automl.dataset import frames, picture_location, provenance, spread
from automl.dataset.preprocessing import (
    UnknownPictureFormat,
    UnreadablePicture,
    load_preprocessed,
    load_rgb,
    opened,
    orientation_of,
    preprocess,
    upright_rgb,
)
from automl.dataset.provenance import Provenance
from automl.dataset.rendering import PLAIN, Background, Rendering, deep_pixels
from automl.dataset.spread import Spread

__all__ = [
    "MAX_THUMBNAIL_BYTES",
    "Appearance",
    "PictureFacts",
    "UnknownPictureFormat",
    "UnreadablePicture",
    "enlarged",
    "examine",
    "load_preprocessed",
    "load_rgb",
    "measure",
    "preprocess",
    "thumbnail",
]

MAX_THUMBNAIL_BYTES = 10_000

SIDE = 64
"""Appearance is measured on the picture squashed to a square of this side in pixels: large enough
to show a blur that a model would notice (CleanVision uses 64 pixels too), and fast."""

MAX_COLOURS = 256
_SAMPLED_SIDE = 128

GREY_SIDE = 16
COLOUR_SIDE = 4
FINGERPRINT_BYTES = GREY_SIDE**2 + 3 * COLOUR_SIDE**2


@dataclass(frozen=True)
class Appearance:
    """Numbers that can be compared between pictures, measured at `SIDE` x `SIDE` pixels."""

    brightness: float
    """Mean grey value, 0 (black) to 255 (white)."""

    contrast: float
    """Standard deviation of the grey values; 0 for a picture of one colour."""

    sharpness: float
    """Variance of the Laplacian of the grey values (Pech-Pacheco et al., 2000)."""

    fingerprint: bytes
    """16 x 16 grey values, row by row, then 4 x 4 RGB values, to recognise near duplicates by."""


@dataclass(frozen=True)
class PictureFacts:
    """Facts about a picture file; width and height are those of the upright picture."""

    width: int
    height: int
    format: str
    mode: str
    appearance: Appearance
    """Appearance of a picture of more than 8 bits, in its own range of values."""

    spread: Spread | None
    """Range of the values of a picture of more than 8 bits, see `spread.measure`."""

    alpha_contrast: float | None
    """Standard deviation of the opacity, 0 to 255, at `SIDE` x `SIDE` pixels; None if the picture
    has no transparent pixels."""

    has_frames: bool
    """True if the file has further frames or pages."""

    num_colours: int | None
    """Colours of a sample of its pixels; None if there are more than `MAX_COLOURS`."""

    provenance: Provenance


def thumbnail(
    source: Path | BinaryIO, side: int = 128, rendering: Rendering | None = None
) -> bytes:
    """JPEG of at most 10 KB, fitted into a square; tiny pictures are enlarged with hard edges.

    Args:
        source: the file.
        side: of the square, in pixels.
        rendering: of the data set; if left out, a picture of more than 8 bits is shown in its own
            range of values.
    """
    image = _fitted(source, side, rendering)
    for quality in (85, 60, 40, 20, 5):
        encoded = _jpeg(image, quality)
        if len(encoded) <= MAX_THUMBNAIL_BYTES:
            return encoded
    return thumbnail(io.BytesIO(encoded), side // 2)


def enlarged(source: Path | BinaryIO, side: int = 720, rendering: Rendering | None = None) -> bytes:
    """JPEG for the enlarged view, fitted into a square as in `thumbnail`."""
    return _jpeg(_fitted(source, side, rendering), 90)


def _fitted(source: Path | BinaryIO, side: int, rendering: Rendering | None) -> Image.Image:
    with picture_location.opened(source) as file, opened(file) as opened_image:
        opened_image.draft(None, (side, side))
        image = _rendered(opened_image, rendering or PLAIN)[0]
    enlargement = side // max(image.size)
    if enlargement > 1:
        size = (image.width * enlargement, image.height * enlargement)
        image = image.resize(size, Image.Resampling.NEAREST)
    image.thumbnail((side, side))
    return _thickened(image, side // 16)


def _thickened(image: Image.Image, least: int) -> Image.Image:
    """A narrow picture on white, thick enough to be visible when it is shown smaller."""
    width, height = (max(length, least) for length in image.size)
    if (width, height) == image.size:
        return image
    canvas = Image.new("RGB", (width, height), "white")
    canvas.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
    return canvas


def _rendered(image: Image.Image, rendering: Rendering) -> tuple[Image.Image, Spread | None]:
    """RGB of an opened picture, and the range of its values if it has more than 8 bits.

    A rendering without a range shows the picture in its own.
    """
    pixels = deep_pixels(image)
    if pixels is None:
        return upright_rgb(image, rendering), None
    own = spread.measure(pixels)
    if rendering.value_range is None:
        rendering = spread.own_rendering(own, rendering)
    return upright_rgb(image, rendering, pixels), own


def examine(source: Path | BinaryIO, background: Background = "white") -> PictureFacts:
    """Facts about a picture; it is read to its end, so that a cut-off file is noticed.

    Args:
        source: the file.
        background: what is behind transparent pixels.

    Raises:
        UnreadablePicture: says why.
    """
    with opened(source) as image:
        (width, height), mode, file_format = image.size, image.mode, image.format or ""
        # draft mode reads every byte of a JPEG, but decodes only as many pixels as are needed
        image.draft(None, (SIDE, SIDE))
        rgb, own = _rendered(image, Rendering(background=background))
        if orientation_of(image) >= 5:
            width, height = height, width
        return PictureFacts(
            width=width,
            height=height,
            format=file_format,
            mode=mode,
            appearance=measure(rgb),
            spread=own,
            alpha_contrast=_alpha_contrast(image),
            has_frames=frames.has_several(image),
            num_colours=_num_colours(rgb),
            provenance=provenance.of(image),
        )


def _num_colours(rgb: Image.Image) -> int | None:
    sample = rgb.resize((_SAMPLED_SIDE, _SAMPLED_SIDE), Image.Resampling.NEAREST)
    colours = sample.getcolors(MAX_COLOURS)
    return None if colours is None else len(colours)


def _alpha_contrast(image: Image.Image) -> float | None:
    if not image.has_transparency_data:
        return None
    alpha = image.convert("RGBA").getchannel("A")
    if alpha.getextrema() == (255, 255):
        return None
    return float(np.asarray(alpha.resize((SIDE, SIDE), Image.Resampling.BILINEAR)).std())


def measure(image: Image.Image) -> Appearance:
    """Measure the appearance of an RGB picture of any size."""
    small = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    grey = small.convert("L")
    values = np.asarray(grey, dtype=np.float32)
    return Appearance(
        brightness=float(values.mean()),
        contrast=float(values.std()),
        sharpness=float(_laplacian(values).var()),
        fingerprint=grey.reduce(SIDE // GREY_SIDE).tobytes()
        + small.reduce(SIDE // COLOUR_SIDE).tobytes(),
    )


def _laplacian(values: NDArray[np.float32]) -> NDArray[np.float32]:
    across = values[1:-1, :-2] + values[1:-1, 2:]
    along = values[:-2, 1:-1] + values[2:, 1:-1]
    return np.asarray(4 * values[1:-1, 1:-1] - across - along)


def _jpeg(image: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()
