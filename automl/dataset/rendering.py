"""Pixel values of a decoded picture to 8-bit RGB, in the same way for every picture of a data set.

Exported models contain a copy of this file, so it imports only numpy and Pillow.
"""

import sys
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

MAX_VALUE = 1e37
"""Largest end of a range: within it the arithmetic of 32-bit floats has no overflow."""

Background = Literal["white", "black", "grey", "alpha"]

_SWAPPED = "16B" if sys.byteorder == "little" else "16L"
_LOW_BYTES = {
    **{f"{mode};16B": f"{mode};16L" for mode in ("RGB", "RGBA")},
    **{f"{mode};16L": f"{mode};16B" for mode in ("RGB", "RGBA")},
    **{f"{mode};16N": f"{mode};{_SWAPPED}" for mode in ("RGB", "RGBA")},
    "LA;16B": "RGBA",
}
"""Pillow's decoder of the upper bytes of 16-bit colours -> the one that gives the lower bytes. Grey
with alpha is decoded as four channels: upper and lower byte of the grey, then of the alpha."""


@dataclass(frozen=True)
class Rendering:
    """How pixel values become 8-bit RGB; pictures of 8 bits keep their values."""

    value_range: tuple[float, float] | None = None
    """Values that become black and white in pictures of more than 8 bits. None: those usual for the
    type, which are 0 and 65,535, for floating-point values also 1 and 255."""

    background: Background = "white"
    """Colour behind transparent pixels. `alpha`: their opacity is taken as a grey picture instead
    of their colours; pictures without transparent pixels stay as they are."""

    def __post_init__(self) -> None:
        if self.value_range is None:
            return
        low, high = self.value_range
        if not -MAX_VALUE <= low < high <= MAX_VALUE:
            raise ValueError(
                f"value_range is {low:g} to {high:g}; two rising numbers are allowed, none beyond "
                f"{MAX_VALUE:g}"
            )


PLAIN = Rendering()


@dataclass(frozen=True)
class DeepPixels:
    """Pixels of a picture with more than 8 bits a channel."""

    values: NDArray[np.float32]
    """(H, W) for grey, (H, W, 3) for colours."""

    alpha: NDArray[np.uint8] | None = None
    """(H, W), 255 for opaque; None without transparency."""


def deep_pixels(image: Image.Image) -> DeepPixels | None:
    """Decode the pixels of an opened picture; None for a picture of 8 bits."""
    if _is_grey(image):
        return DeepPixels(np.asarray(image, dtype=np.float32))
    decoders = {_decoder(tile.args) for tile in getattr(image, "tile", [])}
    if not isinstance(image, ImageFile.ImageFile) or not decoders or decoders - {*_LOW_BYTES}:
        return None
    low = np.asarray(_lower_bytes(image))
    upper = np.asarray(image)  # Pillow keeps the upper bytes of 16-bit colours
    if decoders == {"LA;16B"}:
        return DeepPixels(low[..., 0].astype(np.float32) * 256 + low[..., 1], low[..., 2])
    colours = upper[..., :3].astype(np.float32) * 256 + low[..., :3]
    return DeepPixels(colours, upper[..., 3] if upper.shape[2] == 4 else None)


def _lower_bytes(image: ImageFile.ImageFile) -> Image.Image:
    """Decode the file of a picture again, for the lower bytes of its colours."""
    file = image.fp
    assert file is not None
    image.load()
    assert image.format is not None
    again = Image.open(file, formats=[image.format])
    again.tile = [tile._replace(args=_for_lower_bytes(tile.args)) for tile in again.tile]
    again.load()
    return again


def _decoder(args: Any) -> str:
    return str(args if isinstance(args, str) else (args or ("",))[0])


def _for_lower_bytes(args: Any) -> Any:
    decoder = _LOW_BYTES[_decoder(args)]
    return decoder if isinstance(args, str) else (decoder, *args[1:])


def to_rgb(
    image: Image.Image, rendering: Rendering, pixels: DeepPixels | None = None
) -> Image.Image:
    """Convert a decoded picture to RGB; `pixels` are its `deep_pixels`, None without a range."""
    if pixels is not None and rendering.value_range is not None:
        image = _within(pixels, rendering.value_range)
    elif _is_grey(image):
        image = _eight_bits(image)
    if image.has_transparency_data:
        image = _opaque(image.convert("RGBA"), rendering.background)
    return image.convert("RGB")


def _is_grey(image: Image.Image) -> bool:
    return image.mode.startswith("I") or image.mode == "F"


def _within(pixels: DeepPixels, value_range: tuple[float, float]) -> Image.Image:
    low, high = value_range
    # NaN becomes black; in place, because a picture may have many pixels
    values = np.nan_to_num(pixels.values, nan=low, posinf=high, neginf=low)
    np.clip(values, low, high, out=values)
    values -= low
    values *= 255 / (high - low)
    image = Image.fromarray(np.rint(values, out=values).astype(np.uint8))
    if pixels.alpha is not None:
        image = image.convert("RGB")
        image.putalpha(Image.fromarray(pixels.alpha))
    return image


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale a grey picture of 16 or 32 bits or floats to 8 bits; Pillow would clip it."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float32))
    highest = float(values.max())
    usual = (1.0, 255.0, 65535.0) if image.mode == "F" else (65535.0,)
    white = next((top for top in usual if highest <= top), highest)
    return Image.fromarray((values * (255 / white)).clip(0, 255).round().astype(np.uint8))


def _opaque(image: Image.Image, background: Background) -> Image.Image:
    if background == "alpha":
        alpha = image.getchannel("A")
        return image if alpha.getextrema() == (255, 255) else alpha
    return Image.alpha_composite(Image.new("RGBA", image.size, background), image)
