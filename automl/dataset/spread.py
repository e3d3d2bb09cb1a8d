"""Range of the values of one picture with more than 8 bits, without its most extreme values."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from automl.dataset.rendering import MAX_VALUE, DeepPixels, Rendering

Spread = tuple[float, float]

CLIPPED_SHARE = 0.001
"""Share of a picture's values that may be below its range, and share that may be above it."""

_MAX_VALUES = 1 << 16  # of a picture; a random choice of so many has the same quantiles
_LEAST_DISTINCT = 8
_HIGHEST_OF_TYPES = (32767.0, 65535.0)


def measure(pixels: DeepPixels) -> Spread:
    """Range of all but the most extreme values of a picture.

    NaN and infinity are left out, and so is a constant that stands for a missing value: one that
    is farther from all other values than these are from each other, and is not above 0 or the
    highest of its type (-9999, 65535).

    Returns:
        Two equal numbers for a picture of one value; (0, 0) if no value is finite.
    """
    values = pixels.values.ravel()
    if values.size > _MAX_VALUES:
        values = values[np.random.default_rng(0).integers(0, values.size, _MAX_VALUES)]
    values = np.sort(values[np.isfinite(values)])
    if not values.size:
        return 0.0, 0.0
    ends = np.quantile(_without_missing(values), [CLIPPED_SHARE, 1 - CLIPPED_SHARE])
    low, high = ends.clip(-MAX_VALUE / 2, MAX_VALUE / 2).tolist()
    return low, high


def _without_missing(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Leave the constants for missing values out of sorted values."""
    lowest, highest = float(values[0]), float(values[-1])
    if lowest <= 0 and _is_apart(values[values != lowest], lowest):
        values = values[values != lowest]
    is_limit = highest in _HIGHEST_OF_TYPES or highest >= 2**31 - 1
    if is_limit and _is_apart(values[values != highest], highest):
        values = values[values != highest]
    return values


def _is_apart(others: NDArray[np.float32], value: float) -> bool:
    if len(np.unique(others)) < _LEAST_DISTINCT:
        return False
    spread = float(others[-1]) - float(others[0])
    return min(abs(float(others[0]) - value), abs(float(others[-1]) - value)) > spread


def own_rendering(spread: Spread, rendering: Rendering) -> Rendering:
    """Return the rendering with the range of one picture instead of the data set's."""
    low, high = spread
    return replace(rendering, value_range=(low, high if high > low else low + abs(low) + 1))
