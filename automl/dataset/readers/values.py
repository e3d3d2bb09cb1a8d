"""Cells of a table as text: locations and groups; see `labels` and `split_column` for others."""

import math
import re
from collections.abc import Sequence
from typing import Any

from automl.errors import DataError, short

_TRUTHS = {
    True: "true t 1 1.0 yes y x ✓ ✔ ✅ ☑ ja oui si sí sim да vero wahr vrai",
    False: "false f 0 0.0 no n - – nein non não нет falso falsch faux nan ✗ ✘",
}
_TRUTH = {word: value for value, words in _TRUTHS.items() for word in words.split()} | {"": False}
_WHOLE = re.compile(r"-?\d+\.0")


def locations(values: Sequence[Any], rows: Sequence[str]) -> list[str]:
    """Location of each picture; empty where the cell is."""
    return [_location(value, row) for value, row in zip(values, rows, strict=True)]


def groups(values: Sequence[Any], rows: Sequence[str]) -> list[str | None]:
    """Group of each picture; None where the cell is empty."""
    return [text and storable(text) for text in texts(values, rows)]


def truth(value: object) -> bool | None:
    """True or False as a cell says it, also with a tick, 1 or nothing; None for another cell."""
    if value is None or value != value:
        return False
    return _TRUTH.get(str(value).strip().lower())


def _location(value: Any, row: str) -> str:
    if isinstance(value, dict | bytes | list):
        raise DataError(
            f"{row} has {short(value)} in place of the picture's location. "
            "Write the pictures to files, and their paths into the table."
        )
    return "" if value is None or value != value else storable(str(value).strip())


def storable(text: str) -> str:
    """The text without lone surrogates, which are not text, and NUL, which ends a file name."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def texts(values: Sequence[Any], rows: Sequence[str]) -> list[str | None]:
    """Each cell as text; None where it is empty.

    Raises:
        DataError: a cell holds a list, a mapping or bytes.
    """
    written = [_text(value, row) for value, row in zip(values, rows, strict=True)]
    if all(_WHOLE.fullmatch(text) for text in written if text) and any(written):
        return [text and text[:-2] for text in written]  # pandas makes 3.0 of 3 beside a gap
    return written


def _text(value: Any, row: str) -> str | None:
    if isinstance(value, str):
        return value.strip() or None
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dict | bytes | list | tuple):
        raise DataError(f"{row} has {short(value)} in place of text. Write a text or a number.")
    return str(value)
