"""MLTable's `convert_column_types`: cells as whole numbers, numbers, text, booleans or dates."""

from collections.abc import Callable
from typing import Any

import pandas as pd

_TRUE, _FALSE = ("1", "t", "true", "yes"), ("0", "f", "false", "no")
_UNCHANGED = ("stream_info", "datetime")  # pictures are located by their text, dates sort as text


def convert(cells: "pd.Series[Any]", column_type: Any) -> "pd.Series[Any]":
    """Return the cells of a column as another type; one that cannot be converted becomes empty.

    Args:
        cells: the column.
        column_type: a type by name, or a mapping of it to its options.

    Raises:
        KeyError: there is no such type.
        ValueError: a cell is no boolean, and `mismatch_as` is `error`.
    """
    if isinstance(column_type, dict):
        ((name, options),) = column_type.items()
    else:
        name, options = column_type, {}
    if name in _UNCHANGED:
        return cells
    read = _boolean(options or {}) if name == "boolean" else _READERS[name]
    values = [None if pd.isna(cell) else read(cell) for cell in cells]
    return pd.Series(values, index=cells.index, dtype=object)


def _number(cell: Any) -> float | None:
    try:
        return float(cell)
    except (TypeError, ValueError):
        return None


def _whole(cell: Any) -> int | None:
    number = _number(cell)
    return int(number) if number is not None and number.is_integer() else None


def _boolean(options: dict[str, Any]) -> Callable[[Any], bool | None]:
    yes = {str(word).lower() for word in options.get("true_values", _TRUE)}
    no = {str(word).lower() for word in options.get("false_values", _FALSE)}
    otherwise = {"true": True, "false": False}.get(str(options.get("mismatch_as")).lower())

    def read(cell: Any) -> bool | None:
        word = str(cell).lower()
        if word in yes or word in no:
            return word in yes
        if options.get("mismatch_as") == "error":
            raise ValueError(cell)
        return otherwise

    return read


_READERS: dict[str, Callable[[Any], Any]] = {
    "int": _whole,
    "long": _whole,
    "float": _number,
    "double": _number,
    "string": str,
}
