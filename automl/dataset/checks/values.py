"""Pixel values that models do not see as they are: deep ones, transparent ones, further frames."""

from collections.abc import Iterator

import pandas as pd

from automl.dataset.checks.kind import CheckedData, FindingKind, example, names
from automl.dataset.report import Finding, Severity
from automl.dataset.spread import CLIPPED_SHARE
from automl.sentences import Sentence, say

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
            say(
                "{count} file with several frames or pages, {file}: the first one is used.",
                "{count} files with several frames or pages, for example {file}: the first one is "
                "used.",
                count=len(several),
                file=example(several),
            ),
        )


def _value_range(data: CheckedData, low: float, high: float) -> Finding:
    readable = data.readable
    deep = readable[readable["value_low"].notna()]
    if deep.empty:
        return NO_DEEP_PICTURE.finding(
            [],
            say("value_range has no effect: all pictures have 8 bits, and keep their values."),
        )
    is_cut = (deep["value_low"] < low) | (deep["value_high"] > high)
    others = len(readable) - len(deep)
    share = f"{CLIPPED_SHARE:.1%}"
    sentences = [
        say(
            "{count} picture with {depth}: the values {low} to {high} become black to white, one "
            "of 256 levels for {step}.",
            "{count} pictures with {depth}: the values {low} to {high} become black to white, one "
            "of 256 levels for {step}.",
            count=len(deep),
            depth=_depth(deep),
            low=f"{low:,.6g}",
            high=f"{high:,.6g}",
            step=f"{(high - low) / 255:,.3g}",
        ),
        say(
            "In {number} of them more than {share} of the values are beyond, and are cut off.",
            number=is_cut.sum(),
            share=share,
        )
        if is_cut.any()
        else say("At most {share} of a picture's values are cut off at either end.", share=share),
    ]
    if others:
        eight_bits = say(
            "{count} other has 8 bits and keeps its values.",
            "{count} others have 8 bits and keep their values.",
            count=others,
        )
        sentences.append(eight_bits)
    return VALUE_RANGE.finding(deep["path"], *sentences, say("Set value_range to change it."))


def _depth(deep: pd.DataFrame) -> Sentence:
    modes = set(deep["mode"])
    if "F" in modes:
        return say("floating-point values")
    if "I" in modes:
        return say("whole numbers of more than 16 bits")
    bits = max(1, int(deep["value_high"].max()).bit_length())
    return say("16 bits") if bits == 16 else say("{bits} bits in 16", bits=bits)


def _flattened(data: CheckedData) -> Iterator[Finding]:
    readable = data.readable
    flat = is_flattened(readable)
    share = flat.groupby(readable["label"]).mean()
    mostly = sorted(share[share > 0.5].index)
    if not mostly:
        return
    rows = readable[flat & readable["label"].isin(mostly)]
    background = data.rendering.background
    shown = (
        say("as their opacity")
        if background == "alpha"
        else say("on {background}", background=background)
    )
    others = [name for name in ("grey", "black", "white", "alpha") if name != background]
    yield FLATTENED.finding(
        rows["path"],
        say(
            "{count} picture of {names} is transparent, and {shown} next to nothing is left of "
            "what it shows.",
            "{count} pictures of {names} are transparent, and {shown} next to nothing is left of "
            "what they show.",
            count=len(rows),
            names=names(mostly),
            shown=shown,
        ),
        say(
            "Set background to {others} or {last}; alpha takes the opacity instead of colours.",
            others=", ".join(others[:-1]),
            last=others[-1],
        ),
    )
