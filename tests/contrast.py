"""Contrast of two colours by WCAG 2.1."""

from collections.abc import Sequence

LEAST = 4.5
"""Least contrast of words that are not large."""


def luminance(color: Sequence[float]) -> float:
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (v / 255 for v in color)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: Sequence[float], second: Sequence[float]) -> float:
    """From 1 to 21, of two colours of red, green and blue from 0 to 255 each."""
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
