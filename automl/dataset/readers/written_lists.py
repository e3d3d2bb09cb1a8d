"""Lists that are written as text in the cells of a table."""

import ast
import contextlib
import json
import re
from collections.abc import Sequence
from typing import Any

_MAX_LENGTH = 10_000
"""Characters of a cell that is looked at."""

_BRACKETS = (("[", "]"), ("(", ")"), ("{", "}"))
_ENTRY = r"'[^']*'|\"[^\"]*\"|-?\d+\.?"
_OF_COMMAS = re.compile(rf"(?:^|(?<=,))\s*(?:(?:{_ENTRY})\s*(?=,|$)|[^,]*)")
_OF_NUMPY = re.compile(rf"\[\s*(?:{_ENTRY})(?:\s+(?:{_ENTRY}))+\s*\]")


def read(cells: Sequence[Any]) -> list[Any]:
    """The cells, with lists in place of texts that hold them.

    Python's and JSON's `["cat", "dog"]` and NumPy's `['cat' 'dog']` are lists anywhere. Without
    quotation marks, or in other brackets (`[cat, dog]`, `{cat,dog}`), they are lists only where
    every text has the same brackets, and one has several entries: brackets may be part of a name.
    Label Studio writes a single label as it is, and several as `{"choices": ["cat", "dog"]}`.
    """
    if not any(_may_be_list(cell) for cell in cells):
        return list(cells)
    chosen = [_choices(cell) for cell in cells]
    if any(each is not None for each in chosen):
        alone = [[cell] if isinstance(cell, str) and cell.strip() else cell for cell in cells]
        return [one if each is None else each for one, each in zip(alone, chosen, strict=True)]
    texts = {text for cell in cells if isinstance(cell, str) and (text := cell.strip())}
    has_brackets = any(_are_in(first, last, texts) for first, last in _BRACKETS)
    return [
        _read(cell.strip(), has_brackets=has_brackets) if _may_be_list(cell) else cell
        for cell in cells
    ]


def _may_be_list(cell: Any) -> bool:
    return (
        isinstance(cell, str)
        and len(cell) <= _MAX_LENGTH
        and cell.lstrip().startswith(("[", "(", "{"))
    )


def _choices(cell: Any) -> list[Any] | None:
    """The labels of a cell as Label Studio writes several of them; None for another cell."""
    if not _may_be_list(cell) or not cell.lstrip().startswith("{"):
        return None
    with contextlib.suppress(ValueError, RecursionError):
        match json.loads(cell):
            case {"choices": list(labels), **others} if not others:
                return labels
    return None


def _are_in(first: str, last: str, texts: set[str]) -> bool:
    """True for lists in these brackets; what is in braces with a colon is no list."""
    return any("," in text for text in texts) and all(
        first == text[0]
        and last == text[-1]
        and not {first, last} & {*text[1:-1]}
        and not (first == "{" and ":" in text)
        for text in texts
    )


def _read(text: str, *, has_brackets: bool) -> Any:
    if text[0] == "[":
        if _OF_NUMPY.fullmatch(text):
            return [_unquoted(entry) for entry in re.findall(_ENTRY, text)]
        with contextlib.suppress(ValueError, SyntaxError, RecursionError, MemoryError):
            return ast.literal_eval(text)
    if not has_brackets:
        return text
    inside = text[1:-1].strip().removesuffix(",")  # Python's ("cat",)
    return [_unquoted(entry.strip()) for entry in _OF_COMMAS.findall(inside)] if inside else []


def _unquoted(entry: str) -> str:
    is_quoted = len(entry) > 1 and entry[0] == entry[-1] and entry[0] in "'\""
    return entry[1:-1] if is_quoted else entry
