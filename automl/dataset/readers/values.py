"""From the values of a table to text: labels, groups and splits."""

import math
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from automl.dataset.layout import SPLITS
from automl.errors import DataError

MAX_LABEL_LENGTH = 500

_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_WHOLE = re.compile(r"-?\d+\.0")


def labels(values: Sequence[Any], rows: Sequence[str]) -> list[str | None]:
    """Each value as a label; None where there is none.

    Raises:
        DataError: a value is several labels at once, or cannot be a label.
    """
    texts = _texts(values, rows)
    return [text and _checked(text, row) for text, row in zip(texts, rows, strict=True)]


def locations(values: Sequence[Any], rows: Sequence[str]) -> list[str]:
    """Where each picture is; empty where that is not said."""
    return [_location(value, row) for value, row in zip(values, rows, strict=True)]


def groups(values: Sequence[Any], rows: Sequence[str]) -> list[str | None]:
    return [text and storable(text) for text in _texts(values, rows)]


def splits(values: Sequence[Any], rows: Sequence[str], *, certain: bool) -> list[str | None]:
    """Each value as train, validation or test; None where it says nothing.

    Args:
        values: of the split column.
        rows: where each stands.
        certain: whether a word that is not understood is an error; otherwise the column seems to
            be about something else, and nothing is split.
    """
    found: list[str | None] = []
    for text, row in zip(_texts(values, rows), rows, strict=True):
        word = (text or "unassigned").lower()
        if word in SPLITS or word == "unassigned":
            found.append(SPLITS.get(word))
        elif certain:
            raise DataError(
                f"{row} has the split {text!a}. Allowed are train, validation, test, and nothing."
            )
        else:
            return [None] * len(values)
    return found


def _location(value: Any, row: str) -> str:
    if isinstance(value, dict | bytes | list):
        raise DataError(
            f"{row} has {_short(value)} in place of the picture's location. "
            "Write the pictures to files, and their paths into the table."
        )
    return "" if value is None or value != value else storable(str(value).strip())


def storable(text: str) -> str:
    """The text without what is no text: halves of characters, and what ends a file name."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def composed(name: str) -> str:
    """Composed Unicode, as file systems and programs differ in this."""
    return unicodedata.normalize("NFC", name)


def is_printable(name: str) -> bool:
    """No control or direction marks, which make one label look like another."""
    return _INVISIBLE.search(name) is None


def _texts(values: Sequence[Any], rows: Sequence[str]) -> list[str | None]:
    texts = [_text(value, row) for value, row in zip(values, rows, strict=True)]
    if all(_WHOLE.fullmatch(text) for text in texts if text) and any(texts):
        return [text and text[:-2] for text in texts]  # pandas makes 3.0 of 3 beside a gap
    return texts


def _text(value: Any, row: str) -> str | None:
    if isinstance(value, str):
        return value.strip() or None
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list | tuple):
        raise DataError(
            f"{row} has a list of labels, {_short(value)}. Here each picture has exactly one "
            "label: keep one for each row, as text. Multi-label data cannot be used."
        )
    if isinstance(value, dict | bytes):
        raise DataError(f"{row} has {_short(value)} in place of text. Write a text or a number.")
    return str(value)


def _checked(text: str, row: str) -> str:
    if not is_printable(text):
        raise DataError(
            f"{row} has the label {text[:80]!a}, with a line break or an invisible character in "
            "it. Write the label without it."
        )
    if len(text) > MAX_LABEL_LENGTH:
        raise DataError(
            f"{row} has a label of {len(text):,} characters, starting {text[:40]!a}; at most "
            f"{MAX_LABEL_LENGTH} are allowed. Is this the column of the labels?"
        )
    return composed(text)


def _short(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 80 else text[:80] + "…"
