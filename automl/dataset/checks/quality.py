"""Pictures with little to learn from: too small, too long, flat, dark, bright or blurred.

None of them is left out. No picture of ordinary sets is beyond a limit: handwritten digits (8 and
28 pixels, white on black), 32-pixel photos, things photographed on a white table.
"""

from collections.abc import Iterator

import pandas as pd

from automl.dataset.checks.kind import CheckedData, FindingKind, example
from automl.dataset.checks.values import is_flattened
from automl.dataset.report import Finding, Severity
from automl.sentences import Sentence, say

MIN_SIDE = 8
"""Too small: a short side of fewer pixels; scikit-learn's digits have 8."""

SMALL_SIDE = 32
"""Large enough: a short side of at least so many pixels, however large the other pictures are."""

MAX_TIMES_SMALLER = 8
"""Too small: a short side so many times under the median, as of a thumbnail among photos."""

MAX_ASPECT_RATIO = 4
"""Too long: a long side of more times the short one. Models see the square in the middle."""

MIN_CONTRAST = 3.0
"""Flat: a smaller standard deviation of the grey values, of 255. White paper scans at about 1."""

MAX_DARK = 40.0
MIN_BRIGHT = 225.0
"""Dark or bright: the mean plus, or minus, two standard deviations of the grey values is below, or
above, this limit."""

MAX_BLUR = 20.0
MAX_RELATIVE_BLUR = 0.01
"""Blurry: the sharpness is below the first limit, and its ratio to the variance of the grey values
below the second. Both are needed: a plain thing on a plain table has a low sharpness, a night sky a
low ratio. Of the 2,527 photos of TrashNet 2 are found; of a sample of them 57 % after a Gaussian
blur of 3 % of the short side, and 91 % after one of 4 %."""

TOO_SMALL = FindingKind("too_small", Severity.WARNING, remedy="leave_out")
ASPECT_RATIO = FindingKind("aspect_ratio", Severity.WARNING, remedy="leave_out")
FLAT = FindingKind("flat", Severity.WARNING, remedy="leave_out")
DARK = FindingKind("dark", Severity.INFO, remedy="leave_out")
BRIGHT = FindingKind("bright", Severity.INFO, remedy="leave_out")
BLURRY = FindingKind("blurry", Severity.INFO, remedy="leave_out")

Judgement = tuple[FindingKind, pd.Series, Sentence, Sentence]
"""Kind, which rows it concerns, what they are, and advice."""

_JUDGED_SIDE = 64  # smaller pictures are enlarged before sharpness is measured


def check(data: CheckedData) -> Iterator[Finding]:
    """Findings about the size, shape and light of pictures."""
    readable = data.readable
    if readable.empty:
        return
    for kind, chosen, description, advice in (*_sizes(readable), *_light(readable)):
        paths = readable.loc[chosen, "path"]
        if len(paths):
            said = say(
                "{count} picture {description}, {file}.",
                "{count} pictures {description}, for example {file}.",
                count=len(paths),
                description=description,
                file=example(paths),
            )
            yield kind.finding(paths, said, say("Used all the same; {advice}.", advice=advice))


def _sizes(readable: pd.DataFrame) -> list[Judgement]:
    sides = readable[["width", "height"]]
    short, long = sides.min(axis=1), sides.max(axis=1)
    limit = min(max(short.median() / MAX_TIMES_SMALLER, MIN_SIDE), SMALL_SIDE)
    return [
        (
            TOO_SMALL,
            short < limit,
            say("with fewer than {limit} pixels on the short side", limit=round(limit)),
            say("replace by larger ones, or exclude"),
        ),
        (
            ASPECT_RATIO,
            long > MAX_ASPECT_RATIO * short,
            say("more than {limit} times as long as wide", limit=MAX_ASPECT_RATIO),
            say("models see the square in the middle, so crop to what matters, or exclude"),
        ),
    ]


def _light(readable: pd.DataFrame) -> list[Judgement]:
    mean, spread, sharpness = (readable[c] for c in ("brightness", "contrast", "sharpness"))
    is_shown = ~is_flattened(readable)  # what the background hides is a finding of its own
    is_flat = is_shown & (spread < MIN_CONTRAST)
    is_dark = is_shown & ~is_flat & (mean + 2 * spread < MAX_DARK)
    is_bright = is_shown & ~is_flat & (mean - 2 * spread > MIN_BRIGHT)
    is_judged = ~is_flat & (readable[["width", "height"]].min(axis=1) >= _JUDGED_SIDE)
    is_blurry = (sharpness < MAX_BLUR) & (sharpness < MAX_RELATIVE_BLUR * spread**2)
    advice = say("exclude those that do not show what their label says")
    return [
        (FLAT, is_flat, say("of a single colour, or nearly"), advice),
        (DARK, is_dark, say("almost black"), advice),
        (BRIGHT, is_bright, say("almost white"), advice),
        (BLURRY, is_judged & is_blurry, say("out of focus"), advice),
    ]
