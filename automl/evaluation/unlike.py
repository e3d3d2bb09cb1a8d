"""The distance from which a picture counts as unlike the training pictures."""

import math

import numpy as np
from numpy.typing import NDArray

FALSE_ALARM_RATE = 0.01
"""Share of pictures like the training pictures that may be called unlike them."""

RATES = (FALSE_ALARM_RATE, 0.05, 0.1)
"""Such shares that a page offers."""


def threshold(
    distances: NDArray[np.floating], rate: float = FALSE_ALARM_RATE
) -> tuple[float, float]:
    """The distance above which a picture is unlike, and the rate of false alarms to expect.

    A new picture of the same kind is above it with at most that probability (split conformal
    prediction: Vovk et al., Algorithmic Learning in a Random World, 2005). N distances allow no
    rate below 1 / (N + 1).

    Args:
        distances: (N,) of pictures like the training pictures that are none of them.
        rate: the rate that is wanted.
    """
    count = len(distances)
    rank = min(count, math.ceil((count + 1) * (1 - rate)))
    return float(np.sort(distances)[rank - 1]), max(rate, 1 / (count + 1))
