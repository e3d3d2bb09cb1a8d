"""Pixel values that models do not see as they are: deep ones, transparent ones, further frames."""

from collections.abc import Iterator

import pandas as pd

from automl.dataset.checks.kind import CheckedData, FindingKind, counted, example, is_or_are, names
from automl.dataset.report import Finding, Severity
from automl.dataset.spread import CLIPPED_SHARE

MIN_ALPHA_CONTRAST = 10.0
"""Least standard deviation of the opacity, of 255, of a picture that shows a shape."""

MAX_CONTRAST_LEFT = 0.1
"""Flattened: the contrast on the background is less than so much of that of the opacity."""

VALUE_RANGE = FindingKind("value_range", Severity.INFO)
NO_DEEP_PICTURE = FindingKind("no_deep_picture", Severity.INFO)
FLATTENED = FindingKind("flattened", Severity.WARNING, remedy="choose_background")
FRAMES = FindingKind("frames", Severity.INFO)


def is_flattened(readable: pd.DataFrame) -> pd.Series:
    """Return True for each transparent picture that its background leaves nothing of."""
    alpha_contrast = readable["alpha_contrast"]
    is_shape = alpha_contrast >= MIN_ALPHA_CONTRAST  # False without transparency
    return is_shape & (readable["contrast"] < MAX_CONTRAST_LEFT * alpha_contrast)


def check(data: CheckedData) -> Iterator[Finding]:
    """Findings about the range of values, the background and further frames."""
    if data.rendering.value_range is not None:
        yield _value_range(data, *data.rendering.value_range)
    yield from _flattened(data)
    several = data.readable.loc[data.readable["has_frames"], "path"]
    if len(several):
        yield FRAMES.finding(
            several,
            f"{counted(len(several), 'file')} with several frames or pages"
            f"{example(several, len(several))}: the first one is used.",
        )


def _value_range(data: CheckedData, low: float, high: float) -> Finding:
    readable = data.readable
    deep = readable[readable["value_low"].notna()]
    if deep.empty:
        return NO_DEEP_PICTURE.finding(
            [], "value_range has no effect: all pictures have 8 bits, and keep their values."
        )
    is_cut = (deep["value_low"] < low) | (deep["value_high"] > high)
    others = len(readable) - len(deep)
    sentences = [
        f"{counted(len(deep), 'picture')} with {_depth(deep)}: the values {low:,.6g} to "
        f"{high:,.6g} become black to white, one of 256 levels for {(high - low) / 255:,.3g}.",
        f"In {is_cut.sum():,} of them more than {CLIPPED_SHARE:.1%} of the values are beyond, and "
        "are cut off."
        if is_cut.any()
        else f"At most {CLIPPED_SHARE:.1%} of a picture's values are cut off at either end.",
        f"{counted(others, 'other')} {'has' if others == 1 else 'have'} 8 bits and "
        f"{'keeps its' if others == 1 else 'keep their'} values."
        if others
        else "",
        "Set value_range to change it.",
    ]
    return VALUE_RANGE.finding(deep["path"], " ".join(filter(None, sentences)))


def _depth(deep: pd.DataFrame) -> str:
    modes = set(deep["mode"])
    if "F" in modes:
        return "floating-point values"
    if "I" in modes:
        return "whole numbers of more than 16 bits"
    bits = max(1, int(deep["value_high"].max()).bit_length())
    return "16 bits" if bits == 16 else f"{bits} bits in 16"


def _flattened(data: CheckedData) -> Iterator[Finding]:
    readable = data.readable
    flat = is_flattened(readable)
    share = flat.groupby(readable["label"]).mean()
    mostly = sorted(share[share > 0.5].index)
    if not mostly:
        return
    rows = readable[flat & readable["label"].isin(mostly)]
    background = data.rendering.background
    shown = "as their opacity" if background == "alpha" else f"on {background}"
    others = [name for name in ("grey", "black", "white", "alpha") if name != background]
    yield FLATTENED.finding(
        rows["path"],
        f"{counted(len(rows), 'picture')} of {names(mostly)} {is_or_are(len(rows))} transparent, "
        f"and {shown} next to nothing is left of what they show. Set background to "
        f"{', '.join(others[:-1])} or {others[-1]}; alpha takes the opacity instead of colours.",
    )
