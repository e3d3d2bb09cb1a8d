"""Traces of how a picture came about: its camera, when it was taken, how it was compressed."""

import contextlib
import re
from dataclasses import dataclass

from PIL import ExifTags, Image

_STANDARD_SUM = 3688  # of the luminance table of the JPEG standard, which is quality 50
_NUM_VALUES = 64
_MAX_TEXT = 60


@dataclass(frozen=True)
class Provenance:
    """Traces in one picture file."""

    camera: str | None = None
    """Make and model."""

    taken: str | None = None
    """Local time of the camera, as `2024-05-03 14:22:05`."""

    jpeg_quality: float | None = None
    """Quality, 1 to 100, in the scale of the JPEG library, by the sum of the luminance table."""


def of(image: Image.Image) -> Provenance:
    """Traces in a decoded picture; damaged or missing ones are None."""
    camera, taken = None, None
    with contextlib.suppress(Exception):  # Pillow raises anything on a damaged EXIF block
        exif = image.getexif()
        if exif:
            camera = _camera(exif)
            taken = _time(exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal))
            taken = taken or _time(exif.get(ExifTags.Base.DateTime))
    return Provenance(camera, taken, _quality(image))


def _camera(exif: Image.Exif) -> str | None:
    make, model = (_text(exif.get(tag)) for tag in (ExifTags.Base.Make, ExifTags.Base.Model))
    if model.lower().startswith(make.lower()):
        make = ""
    return f"{make} {model}".strip() or None


def _time(value: object) -> str | None:
    found = re.match(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d:\d\d:\d\d)", _text(value))
    if not found or found[1] == "0000":
        return None
    return f"{found[1]}-{found[2]}-{found[3]} {found[4]}"


def _text(value: object) -> str:
    return " ".join(str(value or "").split("\0")[0].split())[:_MAX_TEXT]


def _quality(image: Image.Image) -> float | None:
    tables = getattr(image, "quantization", None)
    if not tables:
        return None
    table = tables[min(tables)]
    if len(table) != _NUM_VALUES:
        return None
    percent = 100 * sum(table) / _STANDARD_SUM
    quality = (200 - percent) / 2 if percent <= 100 else 5000 / percent
    return float(max(1, min(100, round(quality))))
