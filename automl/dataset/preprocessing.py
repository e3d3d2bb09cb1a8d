"""Conversion of a picture file to a model's input, and of a model's logits to probabilities.

Scoring, previews, predictions, the server and every exported model use this file. Exported models
contain a copy of it and of the modules that it imports, which import only numpy, Pillow and, for
DICOM, pydicom. It must not change settings of Pillow or of the process, because the copy runs in
other people's programs.
"""

import base64
import contextlib
import io
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from automl.dataset.dicom import DicomError, DicomFile, is_dicom
from automl.dataset.rendering import PLAIN, DeepPixels, Rendering, deep_pixels, to_rgb

MAX_MEGAPIXELS_VARIABLE = "AUTOML_MAX_MEGAPIXELS"
_MAX_MEGAPIXELS = 100
_MAX_ASPECT = 3
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "PPM")  # JPEG includes MPO
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis"})
_STANDARD_ALPHABET = bytes.maketrans(b"-_", b"+/")
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class UnreadablePicture(ValueError):  # noqa: N818 (public name)
    """A file cannot be read as a picture; the message is one sentence without the path."""


class UnknownPictureFormat(UnreadablePicture):
    """The first bytes are not those of a picture."""


def max_pixels() -> int:
    """Largest number of pixels of a picture: 100 million, or `AUTOML_MAX_MEGAPIXELS` million.

    Raises:
        UnreadablePicture: the variable holds no number above 0.
    """
    text = os.environ.get(MAX_MEGAPIXELS_VARIABLE) or str(_MAX_MEGAPIXELS)
    with contextlib.suppress(ValueError, OverflowError):
        if (found := round(float(text) * 1e6)) > 0:
            return found
    raise UnreadablePicture(
        f"The environment variable {MAX_MEGAPIXELS_VARIABLE} is {text!r}; set it to a number of "
        "million pixels, such as 200, or unset it."
    )


def load_rgb(
    source: Path | BinaryIO,
    *,
    min_side: int | None = None,
    max_pixels: int | None = None,
    rendering: Rendering = PLAIN,
) -> Image.Image:
    """Load the first frame as an upright RGB picture.

    Args:
        source: the file.
        min_side: a large JPEG is decoded at 1/2, 1/4 or 1/8 of its size, if its short side keeps at
            least that many pixels.
        max_pixels: larger pictures are refused; see the function `max_pixels` if left out.
        rendering: how pixel values become 8-bit RGB.

    Raises:
        UnreadablePicture: says why.
    """
    with opened(source, max_pixels) as image:
        if min_side is not None:
            image.draft(None, (min_side, min_side))
        return upright_rgb(image, rendering)


def from_base64(text: str | bytes) -> BinaryIO:
    """Decode a picture file from base64, with or without line breaks.

    The alphabet may be that of addresses, the signs `=` at the end may be missing, and it may be a
    data URI, as browsers make it. The text may also be JSON with the key `image_base64`, which
    Azure's clients send.

    Raises:
        UnreadablePicture: the text is not base64, or asks for an explanation of the answer.
    """
    try:
        if text.lstrip()[:1] in ("{", b"{"):
            entry = json.loads(text)
            if entry.get("model_explainability"):
                raise UnreadablePicture(
                    "An exported model does not explain its answers. Leave out "
                    "model_explainability, or ask a server that `automl serve` has started on the "
                    "experiment."
                )
            text = entry["image_base64"]
        content = base64.b64decode(_plain_base64(_ascii(text)), validate=True)
    except UnreadablePicture:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadablePicture("The picture is not given as base64 text.") from error
    return io.BytesIO(content)


def _plain_base64(text: bytes) -> bytes:
    """Base64 of the standard alphabet, padded, without white space and without a data URI."""
    text = b"".join(text.split())
    if text[:5].lower() == b"data:":
        text = text.partition(b",")[2]
    text = text.translate(_STANDARD_ALPHABET).rstrip(b"=")
    return text + b"=" * (-len(text) % 4)


def _ascii(text: str | bytes) -> bytes:
    return text.encode("ascii") if isinstance(text, str) else text


def load_preprocessed(
    source: Path | BinaryIO,
    *,
    resize_size: int,
    crop_size: int,
    max_pixels: int | None = None,
    rendering: Rendering = PLAIN,
) -> NDArray[np.uint8]:
    """Load a picture at the size that is needed, and preprocess it: the input of a model."""
    side = max(resize_size, crop_size)
    image = load_rgb(source, min_side=side, max_pixels=max_pixels, rendering=rendering)
    return preprocess(image, resize_size=resize_size, crop_size=crop_size)


def preprocess(image: Image.Image, *, resize_size: int, crop_size: int) -> NDArray[np.uint8]:
    """Resize the short side to `resize_size` and crop the centre: (crop_size, crop_size, 3)."""
    return resized_centre(image, max(resize_size, crop_size), (crop_size, crop_size))


def resized_centre(
    image: Image.Image, short_side: int, shape: tuple[int, int]
) -> NDArray[np.uint8]:
    """Resize the short side to `short_side` and crop the centre: (height, width, 3).

    Two centres of one picture have the same pixels where they overlap, bit for bit, if their
    heights and widths differ by even numbers. `resized_shape` says how large they can be.
    """
    image = _trimmed(image)
    scale = _scale(image.size, short_side)
    height, width = shape
    left, top = (image.width - width * scale) / 2, (image.height - height * scale) / 2
    # only the cropped part is resized: all of a 1 x 5000 strip would become gigantic; in two steps,
    # because the order in which Pillow would take them depends on the shape and changes the pixels
    across = image.resize(
        (width, image.height),
        Image.Resampling.BILINEAR,
        box=(left, 0, left + width * scale, image.height),
    )
    crop = across.resize(
        (width, height), Image.Resampling.BILINEAR, box=(0, top, width, top + height * scale)
    )
    return np.asarray(crop, dtype=np.uint8)


def resized_shape(size: tuple[int, int], short_side: int, crop_size: int) -> tuple[int, int]:
    """Largest height and width of `resized_centre` that differ from `crop_size` by even numbers.

    Args:
        size: width and height of the picture; of an elongated one the centre counts, which is
            three times as long as it is wide.
        short_side: side in pixels to which the shorter one is resized, at least `crop_size`.
        crop_size: side of the crop that is scored.
    """
    trimmed = _trimmed_size(size)
    scale = _scale(trimmed, short_side)
    width, height = (crop_size + 2 * int((side / scale - crop_size) / 2) for side in trimmed)
    return height, width


def _trimmed_size(size: tuple[int, int]) -> tuple[int, int]:
    # an even number of pixels is cut off, half of them on each side
    longest = _MAX_ASPECT * min(size)
    width, height = (side - max(0, side - longest) // 2 * 2 for side in size)
    return width, height


def _trimmed(image: Image.Image) -> Image.Image:
    width, height = _trimmed_size(image.size)
    if (width, height) == image.size:
        return image
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def _scale(size: tuple[int, int], short_side: int) -> float:
    """Pixels of the picture for one resized pixel.

    It is rounded down by less than 1 / 3,000, so that the 32-bit floats in which Pillow takes the
    corners of a box are exact: only then a part of a box gets the same pixels.
    """
    unit = 2.0 ** (math.frexp(max(size))[1] - 22)
    return math.floor(min(size) / short_side / unit) * unit


def model_input(
    pictures: NDArray[np.uint8], normalization: dict[str, list[float]] | None = None
) -> NDArray[np.float32]:
    """Convert uint8 (B, H, W, 3) to float (B, 3, H, W).

    The values are divided by 255, then normalised with `mean` and `std` of each channel;
    `normalization` is None for a model that normalises itself.
    """
    pixels = pictures.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)
    if normalization is None:
        return pixels
    mean, std = (
        np.array(normalization[name], np.float32).reshape(1, 3, 1, 1) for name in ("mean", "std")
    )
    return (pixels - mean) / std


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Convert logits (..., K) to probabilities (..., K); each row sums to 1."""
    probabilities: NDArray[np.float32] = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
    probabilities /= probabilities.sum(axis=-1, keepdims=True)
    return probabilities


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Convert logits (..., K) of labels that do not exclude each other to their probabilities."""
    powers = np.exp(-np.clip(logits, -80, 80))  # beyond 88 it overflows in single precision
    shares: NDArray[np.float32] = np.reciprocal(1 + powers)
    return shares


def probabilities_of(logits: NDArray[np.float32], *, has_label_sets: bool) -> NDArray[np.float32]:
    """Convert logits (..., K); has_label_sets: a picture may have any number of the labels."""
    return sigmoid(logits) if has_label_sets else softmax(logits)


@contextlib.contextmanager
def opened(source: Path | BinaryIO, max_pixels: int | None = None) -> Iterator[Image.Image]:
    """Open a picture, and decode it only if it is DICOM.

    An error in the block becomes `UnreadablePicture`.
    """
    try:
        with contextlib.ExitStack() as stack:
            file = stack.enter_context(source.open("rb")) if isinstance(source, Path) else source
            if is_dicom(_first_bytes(file)):
                scan = DicomFile(file)
                _refuse_too_large(scan.size, max_pixels)
                yield scan.decoded()
                return
            image = Image.open(file, formats=_FORMATS)
            _refuse_too_large(image.size, max_pixels)
            yield image
    except UnreadablePicture:
        raise
    except DicomError as error:
        raise UnreadablePicture(str(error)) from error
    except UnidentifiedImageError as error:
        raise UnknownPictureFormat(
            "It is not a picture of a format that can be read (JPEG, PNG, WebP, BMP, GIF, TIFF)."
        ) from error
    except Exception as error:  # Pillow's decoders raise anything on broken files
        raise _unreadable(error, max_pixels) from error


def _first_bytes(file: BinaryIO) -> bytes:
    """First 132 bytes of a file; refuses one that cannot be a picture."""
    file.seek(0)
    first = file.read(132)
    if not first:
        raise UnreadablePicture("The file is empty.")
    if first[4:8] == b"ftyp" and not _HEIF_BRANDS.isdisjoint(_brands(first)):
        raise UnreadablePicture("It is a HEIC picture; save it as JPEG or PNG.")
    return first


def _brands(first: bytes) -> Iterator[bytes]:
    """The brands that a file claims: many HEIC pictures name their own behind a general one."""
    for start in range(8, min(int.from_bytes(first[:4], "big"), len(first)), 4):
        yield first[start : start + 4]


def _refuse_too_large(size: tuple[int, int], limit: int | None) -> None:
    allowed = max_pixels() if limit is None else limit
    width, height = size
    if width * height > allowed:
        raise _too_large(f"{width} x {height}", allowed, limit)


def _too_large(size: str, allowed: int, limit: int | None) -> UnreadablePicture:
    """The error about a picture that has too many pixels; `limit` is the caller's own."""
    if limit is not None:
        return UnreadablePicture(f"It has {size} pixels; at most {allowed:,} are allowed.")
    return UnreadablePicture(
        f"It has {size} pixels; at most {allowed:,} are allowed. Make it smaller, or set the "
        f"environment variable {MAX_MEGAPIXELS_VARIABLE} to more million pixels."
    )


def _unreadable(error: Exception, limit: int | None) -> UnreadablePicture:
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        pillows = 2 * (Image.MAX_IMAGE_PIXELS or 0)  # it refuses twice its limit
        return _too_large("too many", min(pillows, max_pixels() if limit is None else limit), limit)
    if isinstance(error, OSError) and error.errno:
        return UnreadablePicture(f"The file cannot be opened ({error.strerror}).")
    detail = str(error).rstrip(".") or type(error).__name__
    return UnreadablePicture(f"The picture is damaged or cut off ({detail}).")


def upright_rgb(
    image: Image.Image, rendering: Rendering = PLAIN, pixels: DeepPixels | None = None
) -> Image.Image:
    """Convert an opened picture to RGB and turn it upright; `pixels` are its `deep_pixels`."""
    if pixels is None and rendering.value_range is not None:
        pixels = deep_pixels(image)  # before Pillow drops what it has read of the file
    image.load()
    orientation = orientation_of(image)
    rgb = to_rgb(image, rendering, pixels)
    if orientation in _UPRIGHT:
        rgb = rgb.transpose(_UPRIGHT[orientation])
    rgb.info = {}  # otherwise a thumbnail would contain the comments of the original
    return rgb


def orientation_of(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; known only after the picture is loaded."""
    # not ImageOps.exif_transpose: it also rewrites the EXIF block, and fails if the block is broken
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    return orientation if orientation in _UPRIGHT else 1
