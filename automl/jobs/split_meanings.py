"""Splits that the values of a column stand for, as `0=train, 1=test`, or `0=test, *=train`."""

from automl.errors import UserError, short

UNUSED = "unused"
OTHERS = "*"
"""In place of a value: all other ones that are no words of splits."""

_ALLOWED = ("train", "validation", "test", UNUSED)


def parsed(text: str) -> dict[str, str]:
    """Split by value in lower case; `unused` for rows that are left out.

    Raises:
        UserError: the text is not written so.
    """
    pairs = [part.rpartition("=") for part in text.split(",") if part.strip()]
    meanings = {value.strip().lower(): split.strip().lower() for value, _, split in pairs}
    if not meanings or "" in meanings or not set(meanings.values()) <= {*_ALLOWED}:
        raise UserError(
            f"split_values is {short(text)}; it must be pairs such as 0=train, 1=test, with "
            f"{OTHERS} for all other values. Allowed are {', '.join(_ALLOWED)}."
        )
    return meanings


def check(text: str) -> str:
    """The text, if it can be parsed."""
    parsed(text)
    return text


def written(meanings: dict[str, str]) -> str:
    """The text that `parsed` reads."""
    return ", ".join(f"{value}={split}" for value, split in meanings.items())
