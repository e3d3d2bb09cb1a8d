"""Objects in the cells of a table, also as text: each plain value in them becomes a column."""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from automl.dataset.reading import Guess
from automl.texts import mark

_NAMES = ("label", "labels", "name", "class", "class_name", "className", "category", "title")
_NAMES_OF = ".label"
"""End of the column with the names of objects in a list."""

_MAX_DEPTH = 6
_MAX_COLUMNS = 100


def flattened(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[Guess]]:
    """The rows with columns such as `ground_truth.label` in place of those with objects.

    A guess names the columns of objects with more values than are read.
    """
    columns: dict[str, list[Any]] = {}
    guesses = []
    for name in rows.columns:
        cells = [_object(cell) for cell in rows[name]]
        if not any(isinstance(cell, dict) or _objects(cell) for cell in cells):
            columns[name] = rows[name].tolist()
            continue
        leaves = _with_empty_lists([dict(_leaves(str(name), cell, 0)) for cell in cells])
        keys = list(dict.fromkeys(key for each in leaves for key in each))
        for key in keys[:_MAX_COLUMNS]:
            columns[key] = [each.get(key) for each in leaves]
        if unread := keys[_MAX_COLUMNS:]:
            sentence = mark(
                "The objects in {column} have {count} different values, of which the first {read} "
                "are read, and not {unread}. If the label is one of the others, write it into a "
                "column of its own."
            ).format(column=name, count=len(keys), read=_MAX_COLUMNS, unread=unread[0])
            guesses.append(Guess(sentence=sentence))
    return pd.DataFrame(columns, index=rows.index, dtype=object), guesses


def has_objects_as_text(cells: pd.Series) -> bool:
    """True if all cells that are not empty are JSON of objects."""
    filled = [cell for cell in cells if cell is not None and cell == cell and cell != ""]
    return bool(filled) and all(
        isinstance(cell, str) and isinstance(_object(cell), dict) for cell in filled
    )


def names(value: Any) -> list[str]:
    """The names that a value says: a text, or those of the objects in a list, each once."""
    values = value if isinstance(value, list) else [value]
    plain = [_name(one) if isinstance(one, Mapping) else one for one in values]
    said = [str(one) for one in plain if isinstance(one, str | int) and one != ""]
    return list(dict.fromkeys(said))


def _name(value: Mapping[str, Any]) -> Any:
    return next((value[key] for key in _NAMES if isinstance(value.get(key), str | int)), None)


def _object(cell: Any) -> Any:
    """The object that a cell holds as JSON, or the cell."""
    if isinstance(cell, str) and cell.lstrip()[:1] == "{":
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(cell)
    return cell


def _objects(cell: Any) -> bool:
    return isinstance(cell, list) and bool(cell) and all(isinstance(one, dict) for one in cell)


def _with_empty_lists(leaves: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The leaves of each cell, with no names where a cell has an empty list of objects."""
    known = {key for each in leaves for key in each}

    def renamed(key: str, value: Any) -> str:
        is_empty = isinstance(value, list) and not value
        return key + _NAMES_OF if is_empty and key + _NAMES_OF in known else key

    return [{renamed(key, value): value for key, value in each.items()} for each in leaves]


def _leaves(name: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """Plain values below a name; of a list of objects, their names."""
    if isinstance(value, dict) and depth < _MAX_DEPTH:
        for key, one in value.items():
            yield from _leaves(f"{name}.{key}", one, depth + 1)
    elif _objects(value):
        yield f"{name}{_NAMES_OF}", names(value)
    elif not isinstance(value, dict | bytes):
        yield name, value
