"""Pictures that say that there is no picture, such as the banner *image not found* of a website.

Three signs: the name of the file; the look of a drawing among photos; one picture again and again
in several classes.
"""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from automl.dataset import label_sets, row_groups
from automl.dataset.checks import traces
from automl.dataset.checks.kind import CheckedData, FindingKind, example
from automl.dataset.checks.quality import MIN_CONTRAST
from automl.dataset.pictures import FINGERPRINT_BYTES, GREY_SIDE
from automl.dataset.report import Finding, Severity
from automl.sentences import say

PLACEHOLDER = FindingKind("placeholder", Severity.WARNING, remedy="leave_out")

MIN_PLAIN, MIN_PLAIN_JPEG = 0.5, 0.7
"""Drawing: at least so much of the picture is of one grey value. Of 2,527 photos of things on white
paper one has 0.5, 99 % less than 0.31; of 3,781 photos of clothes the most is 0.45."""

MAX_COLOURS, MAX_COLOURS_SMALL = 128, 32
"""Drawing: at most so many colours, text with soft edges included, unless JPEG has blurred it. Of
10,000 photos of 32 pixels the fewest have 75; larger ones have more than are counted."""

SMALL_SIDE = 64

MAX_USUAL_PLAIN = 0.4
"""Among photos: 95 % of the pictures are less plain, and most have more colours than a small
drawing. Digits and drawings of shapes are plainer, or have fewer."""

MAX_SHARE = 0.1
"""More of such pictures are what the data set is about."""

MIN_DRAWN_COPIES, MIN_COPIES = 3, 5
"""Least copies of a drawing or a blank, and of anything, in several classes."""

_CHUNK = 1 << 12
_NAME = re.compile(
    r"not ?found|no ?(image|img|photo|picture|pic)( available)?$|placeholder|coming ?soon"
    r"|(image|img|photo|picture) ?(is )?(unavailable|not available|removed|missing|deleted)"
    r"|^(error )?404$"
)
_HINT = re.compile("no|placeholder|coming|avail|remov|miss|delet|404", re.IGNORECASE)
"""Finds all that `_NAME` does, and is faster where nothing is found."""


def check(data: CheckedData) -> Iterator[Finding]:
    """Findings about placeholders."""
    readable = data.readable
    if readable.empty:
        return
    plain = _plain(readable)
    drawn = _is_drawing(readable, plain)
    is_colourful = readable["num_colours"].fillna(np.inf).median() > MAX_COLOURS_SMALL
    is_among_photos = is_colourful and np.quantile(plain, 0.95) <= MAX_USUAL_PLAIN
    signs = (_named(readable), drawn & is_among_photos, _is_repeated(readable, drawn))
    chosen = signs[0] | signs[1] | signs[2]
    if not 0 < chosen.sum() <= MAX_SHARE * len(readable):
        return
    rows = readable[chosen].sort_values("content_hash", kind="stable")
    by_name, by_look, by_copies = (int(sign.sum()) for sign in signs)
    reasons = [
        sentence
        for number, sentence in (
            (by_name, say("{number} by the name of the file.", number=by_name)),
            (by_look, say("{number} as drawings among photos.", number=by_look)),
            (by_copies, say("{number} as copies in several classes.", number=by_copies)),
        )
        if number
    ]
    yield PLACEHOLDER.finding(
        rows["path"],
        say(
            "{count} picture is probably in the place of a missing one, in {classes} of {total} "
            "classes, {file}.",
            "{count} pictures are probably in the place of a missing one, in {classes} of {total} "
            "classes, for example {file}.",
            count=len(rows),
            classes=label_sets.each_label(rows).nunique(),
            total=label_sets.each_label(readable).nunique(),
            file=example(rows["path"]),
        ),
        *reasons,
        say("Look at them, and leave out those that do not show what their label says."),
    )


def _named(readable: pd.DataFrame) -> pd.Series:
    pairs = zip(readable["path"].tolist(), readable["label"].tolist(), strict=True)
    found = [_is_named_so(path) and not _says_missing(label.lower()) for path, label in pairs]
    return pd.Series(found, readable.index, bool)


def _is_named_so(path: str) -> bool:
    _, name = traces.split(path)
    if not _HINT.search(name):
        return False
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.sub(r"\.[^.]*$", "", name)).lower()
    return _says_missing(re.sub(r"[\W_]+", " ", spaced).strip())


def _says_missing(name: str) -> bool:
    return _NAME.search(name) is not None


def _is_drawing(readable: pd.DataFrame, plain: pd.Series) -> pd.Series:
    is_small = readable["width"] < SMALL_SIDE
    is_jpeg = readable["format"] == "JPEG"
    has_few = readable["num_colours"] <= np.where(is_small, MAX_COLOURS_SMALL, MAX_COLOURS)
    is_blurred = is_jpeg & ~is_small & (plain >= MIN_PLAIN_JPEG)
    is_drawing = (~is_jpeg & has_few & (plain >= MIN_PLAIN)) | is_blurred
    return is_drawing & (readable["contrast"] >= MIN_CONTRAST)  # flat ones are another finding


def _is_repeated(readable: pd.DataFrame, drawn: pd.Series) -> pd.Series:
    contents = readable["content_hash"]
    copies = contents.map(contents[contents.duplicated(keep=False)].value_counts())
    is_empty = drawn | (readable["contrast"] < MIN_CONTRAST)
    has_several = row_groups.disagreeing(contents, readable["label"])
    return has_several & (copies >= np.where(is_empty, MIN_DRAWN_COPIES, MIN_COPIES))


def _plain(readable: pd.DataFrame) -> pd.Series:
    """Share of each picture that has its most frequent grey value, or the next one."""
    looks = np.frombuffer(b"".join(readable["fingerprint"]), np.uint8)
    grey = looks.reshape(len(readable), FINGERPRINT_BYTES)[:, : GREY_SIDE**2]
    shares = np.empty(len(readable))
    for start in range(0, len(grey), _CHUNK):
        part = grey[start : start + _CHUNK]
        cells = part + 256 * np.arange(len(part))[:, None]
        counts = np.bincount(cells.ravel(), minlength=256 * len(part)).reshape(-1, 256)
        shares[start : start + _CHUNK] = (counts[:, :-1] + counts[:, 1:]).max(axis=1)
    return pd.Series(shares / GREY_SIDE**2, index=readable.index)
