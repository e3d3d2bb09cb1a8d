"""The distance from which a picture counts as unlike the training pictures."""

import contextlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

FALSE_ALARM_RATE = 0.01
"""Share of pictures like the training pictures that may be called unlike them."""

RATES = (FALSE_ALARM_RATE, 0.05, 0.1)
"""Such shares that a page offers."""


class RateError(ValueError):
    """A rate of false alarms is no share."""


class TooFewHeldOutError(RateError):
    """A rate of false alarms is lower than the pictures that were held out allow."""


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


def at(
    rate: float, distances: NDArray[np.floating], usual: tuple[float, float]
) -> tuple[float, float]:
    """The threshold of a rate of false alarms that somebody asks for, and the rate.

    Args:
        rate: above 0 and below 1.
        distances: see `threshold`.
        usual: those of the export, which stand if their rate is the one asked for.

    Raises:
        TooFewHeldOutError: so few pictures allow no such rate.
    """
    if rate == usual[1]:
        return usual
    if rate * (len(distances) + 1) < 1:
        raise TooFewHeldOutError(
            f"A share of false alarms of {rate:g} needs {math.ceil(1 / rate) - 1:,} pictures that "
            f"were held out, and the model has {len(distances):,}. Take a larger share, or leave "
            "--false-alarms out."
        )
    return threshold(distances, rate)


def rate_of(text: str) -> float:
    """A rate of false alarms that stands in a command or in the environment.

    Raises:
        RateError: it is no number above 0 and below 1.
    """
    with contextlib.suppress(ValueError):
        if 0 < (rate := float(text)) < 1:
            return rate
    raise RateError(f"A share of false alarms is above 0 and below 1, as 0.01, not {text}.")


def threshold_of(settings: Mapping[str, Any], rate: float | None) -> float | None:
    """The threshold of an exported model; None if it does not tell which pictures are unlike.

    Args:
        settings: what stands in its `settings.json`.
        rate: share of false alarms; that of the export if left out.

    Raises:
        TooFewHeldOutError: so few pictures allow no such rate.
    """
    found = settings.get("unlike")
    if found is None:
        return None
    usual = found["threshold"], found["false_alarm_rate"]
    if rate is None:
        return float(usual[0])
    return at(rate, np.array([distance for _, distance in found["held_out"]]), usual)[0]
