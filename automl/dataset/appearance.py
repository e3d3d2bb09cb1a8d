"""What a picture looks like, in a few numbers that can be compared between pictures."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 64
"""Every picture is judged squashed to a square of this side: large enough for the blur that a
model would notice (CleanVision judges at 64 pixels too), small enough to cost little."""

GREY_SIDE = 16
COLOUR_SIDE = 4
FINGERPRINT_BYTES = GREY_SIDE**2 + 3 * COLOUR_SIDE**2


@dataclass(frozen=True)
class Appearance:
    """Measured on the upright picture of `SIDE` x `SIDE` pixels."""

    brightness: float
    """Mean grey value, 0 (black) to 255 (white)."""

    contrast: float
    """Standard deviation of the grey values; 0 for a picture of one colour."""

    sharpness: float
    """Variance of the Laplacian of the grey values (Pech-Pacheco et al., 2000)."""

    fingerprint: bytes
    """16 x 16 grey values, row by row, then 4 x 4 RGB values: to recognise the picture by."""


def measure(image: Image.Image) -> Appearance:
    """Numbers of an RGB picture of any size."""
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
