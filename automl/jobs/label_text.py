"""Texts that can be labels, whoever gives them: a reader of data or a correction."""

import re
import unicodedata

from automl.errors import short
from automl.texts import mark

MAX_LENGTH = 500

# control characters, and marks that make one label look like another
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def problem(text: str, place: str) -> str:
    """Tell what is wrong with the label of a place, and what to do; empty if nothing is."""
    if _INVISIBLE.search(text):
        return mark(
            f"{place} has the label {short(text)}, with a line break or an invisible character in "
            "it. Write the label without it."
        )
    if len(text) > MAX_LENGTH:
        return mark(
            f"{place} has a label of {len(text):,} characters, starting {short(text)}; at most "
            f"{MAX_LENGTH} are allowed."
        )
    return ""


def composed(text: str) -> str:
    """Composed Unicode, as file systems and programs differ in this."""
    return unicodedata.normalize("NFC", text)
