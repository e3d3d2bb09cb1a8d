"""Splits that the values of a column stand for, as `0=train, 1=test`, or `0=test, *=train`."""

import re

from automl.errors import UserError, short

UNUSED = "unused"
OTHERS = "*"
"""In place of a value: all other ones that are no words of splits."""

_ALLOWED = ("train", "validation", "test", UNUSED)
_TWO_PAIRS = re.compile(rf"=\s*({'|'.join(_ALLOWED)})\b")
"""In front of the split of a pair: another pair, without a comma after it."""


def parsed(text: str) -> dict[str, str]:
    """Split by value in lower case; `unused` for rows that are left out.

    Raises:
        UserError: the text is not written so.
    """
    parts = [part.lower().rpartition("=") for part in text.split(",") if part.strip()]
    pairs = [(value.strip(), split.strip()) for value, _, split in parts]
    meanings = dict(pairs)
    are_pairs = pairs and all(value and not _TWO_PAIRS.search(value) for value, _ in pairs)
    if not are_pairs or not set(meanings.values()) <= {*_ALLOWED}:
        raise UserError(
            f"split_values is {short(text)}; it must be pairs such as 0=train, 1=test, with commas "
            f"between them, and {OTHERS} for all other values. Allowed are {', '.join(_ALLOWED)}."
        )
    for value, split in pairs:
        if meanings[value] != split:
            raise UserError(
                f"split_values is {short(text)}, where {short(value)} is both {split} and "
                f"{meanings[value]}. Give each value one of {', '.join(_ALLOWED)}; case does not "
                "count."
            )
    return meanings


def check(text: str) -> str:
    """The text, if it can be parsed."""
    parsed(text)
    return text


def written(meanings: dict[str, str]) -> str:
    """The text that `parsed` reads."""
    return ", ".join(f"{value}={split}" for value, split in meanings.items())
