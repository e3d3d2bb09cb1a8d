"""An explanation as one picture: what the model saw, and where it looked. No torch."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

TOP_SHARE = 0.3
_COLOURS = np.array([(8, 29, 120), (22, 130, 110), (250, 215, 60), (255, 255, 255)], float)
_STOPS = (0.0, 0.4, 0.75, 1.0)
_LEAST_SIDE = 224  # pixels, of each of the four
_GAP = 8


def draw(pixels: NDArray[np.uint8], heat: NDArray[np.float32]) -> bytes:
    """PNG of four: the input, the heat map; the heat map over the input, the input's top pixels.

    Args:
        pixels: what the model saw (S, S, 3).
        heat: how much each pixel matters (S, S), 0 to 1.
    """
    colours = heat_map(heat)
    blend = (0.4 * pixels + 0.6 * colours).astype(np.uint8)
    reduced = np.where(top(heat)[:, :, None], pixels, 0).astype(np.uint8)
    parts = [_enlarged(part) for part in (pixels, colours, blend, reduced)]
    side = parts[0].width
    whole = Image.new("RGBA", (2 * side + _GAP, 2 * side + _GAP))  # what is between is transparent
    for index, part in enumerate(parts):
        row, column = divmod(index, 2)
        whole.paste(part, (column * (side + _GAP), row * (side + _GAP)))
    buffer = io.BytesIO()
    whole.save(buffer, "PNG")
    return buffer.getvalue()


def heat_map(heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(S, S, 3): blue, green, yellow, white for 0 to 1."""
    channels = [np.interp(heat, _STOPS, _COLOURS[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=2).astype(np.uint8)


def top(heat: NDArray[np.float32]) -> NDArray[np.bool_]:
    """The pixels that matter most: `TOP_SHARE` of all, or near it where whole regions are equal."""
    least = np.quantile(heat, 1 - TOP_SHARE)
    return min(heat > least, heat >= least, key=lambda mask: abs(mask.mean() - TOP_SHARE))


def _enlarged(pixels: NDArray[np.uint8]) -> Image.Image:
    """Small pictures with hard edges, as they are."""
    image = Image.fromarray(pixels)
    side = image.width * max(1, round(_LEAST_SIDE / image.width))
    return image.resize((side, side), Image.Resampling.NEAREST)
