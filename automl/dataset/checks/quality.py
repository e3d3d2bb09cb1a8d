"""Pictures that hold little to learn from: too small, too long, flat, dark, bright or blurred.

None of them is left out. Every limit is one that ordinary sets stay clear of: handwritten digits
(8 and 28 pixels, white on black), 32-pixel photos, things photographed on a white table.
"""

from collections.abc import Iterator

import pandas as pd

from automl.dataset.checks.wording import counted, finding, such_as
from automl.dataset.report import Finding, Severity

MIN_SIDE = 8
"""Fewer pixels on the short side show nothing; scikit-learn's digits have 8."""

SMALL_SIDE = 32
"""From here on a picture is large enough, whatever the others have."""

MAX_TIMES_SMALLER = 8
"""Than the median picture: a thumbnail that got among photos."""

MAX_ASPECT_RATIO = 4
"""Of the long side to the short one; models see the square in the middle, a quarter of it."""

MIN_CONTRAST = 3.0
"""Grey levels of spread, of 255. A scan of white paper has about 1."""

MAX_DARK = 40.0
MIN_BRIGHT = 225.0
"""No grey value but outliers (mean plus, minus two standard deviations) is beyond."""

MAX_BLUR = 20.0
MAX_RELATIVE_BLUR = 0.01
"""Sharpness in itself and over the variance of grey: a plain thing on a plain table has little of
the first, a night sky little of the second. Of the 2,527 photos of TrashNet 2 are found; of a
sample of them 57 % after a Gaussian blur of 3 % of the short side, and 91 % after one of 4 %."""

Judgement = tuple[Severity, pd.Series, str, str]

_JUDGED_SIDE = 64  # smaller pictures are enlarged before sharpness is measured


def check(readable: pd.DataFrame) -> Iterator[Finding]:
    if readable.empty:
        return
    for kind, (severity, chosen, what, advice) in {**_sizes(readable), **_light(readable)}.items():
        found = readable.loc[chosen, "path"]
        if len(found):
            message = f"{counted(len(found), 'picture')} {what}{such_as(found, len(found))}. "
            yield finding(kind, severity, found, f"{message}Used all the same; {advice}.")


def _sizes(readable: pd.DataFrame) -> dict[str, Judgement]:
    sides = readable[["width", "height"]]
    short, long = sides.min(axis=1), sides.max(axis=1)
    limit = min(max(short.median() / MAX_TIMES_SMALLER, MIN_SIDE), SMALL_SIDE)
    return {
        "too_small": (
            Severity.WARNING,
            short < limit,
            f"with fewer than {limit:.0f} pixels on the short side",
            "replace by larger ones, or exclude",
        ),
        "aspect_ratio": (
            Severity.WARNING,
            long > MAX_ASPECT_RATIO * short,
            f"more than {MAX_ASPECT_RATIO} times as long as wide",
            "models see the square in the middle, so cut to what matters, or exclude",
        ),
    }


def _light(readable: pd.DataFrame) -> dict[str, Judgement]:
    mean, spread, sharpness = (readable[c] for c in ("brightness", "contrast", "sharpness"))
    is_flat = spread < MIN_CONTRAST
    is_dark = ~is_flat & (mean + 2 * spread < MAX_DARK)
    is_bright = ~is_flat & (mean - 2 * spread > MIN_BRIGHT)
    is_judged = ~is_flat & (readable[["width", "height"]].min(axis=1) >= _JUDGED_SIDE)
    is_blurry = (sharpness < MAX_BLUR) & (sharpness < MAX_RELATIVE_BLUR * spread**2)
    advice = "exclude what does not show what its label says"
    return {
        "flat": (Severity.WARNING, is_flat, "of a single colour, or nearly", advice),
        "dark": (Severity.INFO, is_dark, "almost black", advice),
        "bright": (Severity.INFO, is_bright, "almost white", advice),
        "blurry": (Severity.INFO, is_judged & is_blurry, "out of focus", advice),
    }
