"""Drawing of an explanation: the input and its important pixels. No torch."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

TOP_SHARE = 0.3
"""Share of the pixels that the fourth part shows."""

_COLOURS = np.array([(8, 29, 120), (22, 130, 110), (250, 215, 60), (255, 255, 255)], float)
_STOPS = (0.0, 0.4, 0.75, 1.0)
_MIN_SIDE = 224  # pixels, of each of the four parts
_GAP = 8  # pixels between the parts


def draw(pixels: NDArray[np.uint8], heat: NDArray[np.float32]) -> bytes:
    """Return a PNG of 2 x 2 parts.

    Above, the input and the heat map; below, the heat map over the input and the input's most
    important pixels.

    Args:
        pixels: the model's input (S, S, 3).
        heat: importance of each pixel (S, S), 0 to 1.
    """
    colours = heat_map(heat)
    blend = (0.4 * pixels + 0.6 * colours).astype(np.uint8)
    reduced = np.where(top(heat)[:, :, None], pixels, 0).astype(np.uint8)
    parts = [_enlarged(part) for part in (pixels, colours, blend, reduced)]
    side = parts[0].width
    whole = Image.new("RGBA", (2 * side + _GAP, 2 * side + _GAP))  # the gap stays transparent
    for index, part in enumerate(parts):
        row, column = divmod(index, 2)
        whole.paste(part, (column * (side + _GAP), row * (side + _GAP)))
    return _png(whole)


def overlay(picture: bytes, share: float) -> bytes:
    """Return a PNG of the input with the heat map over it.

    Args:
        picture: a PNG of `draw`.
        share: opacity of the heat map, 0 to 1.
    """
    return _png(Image.blend(_part(picture, 0, 0), _part(picture, 0, 1), share))


def strongest(picture: bytes) -> bytes:
    """Return a PNG of the input's most important pixels, from a PNG of `draw`."""
    return _png(_part(picture, 1, 1))


def heat_map(heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return colours (S, S, 3) for values of 0 to 1: blue, green, yellow, white."""
    channels = [np.interp(heat, _STOPS, _COLOURS[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=2).astype(np.uint8)


def top(heat: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return a mask of the most important pixels, as near to `TOP_SHARE` of all as possible.

    Pixels of equal heat, such as those of one XRAI region, are kept or left out together.
    """
    threshold = np.quantile(heat, 1 - TOP_SHARE)
    masks = (heat > threshold, heat >= threshold)
    return min(masks, key=lambda mask: abs(mask.mean() - TOP_SHARE))


def _enlarged(pixels: NDArray[np.uint8]) -> Image.Image:
    """Enlarge a small picture by a whole factor, without smoothing its pixels."""
    image = Image.fromarray(pixels)
    side = image.width * max(1, round(_MIN_SIDE / image.width))
    return image.resize((side, side), Image.Resampling.NEAREST)


def _part(picture: bytes, row: int, column: int) -> Image.Image:
    """Return one of the four parts that `draw` put together."""
    whole = Image.open(io.BytesIO(picture)).convert("RGB")
    side = (whole.width - _GAP) // 2
    left, top = column * (side + _GAP), row * (side + _GAP)
    return whole.crop((left, top, left + side, top + side))


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
