"""A text file with a line for each picture: its path and its label, or the label first.

A blank, tab, comma, semicolon, bar or colon lies between them; with a row of names it is a table.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from automl.dataset.locations import Surroundings
from automl.dataset.readers import delimited, guesses, text
from automl.dataset.readers.form import Certainty, TableFile
from automl.dataset.readers.forms import csv
from automl.dataset.readers.table import Table
from automl.dataset.walk import is_picture_name
from automl.errors import DataError

_SEPARATORS = ("\t", ",", ";", "|", ": ")
_NAMES_OF_CLASSES = (
    "labels.txt",
    "classes.txt",
    "label_list.txt",
    "class_names.txt",
    "synsets.txt",
)
_NUM_LOOKED_AT = 20
_MAX_BYTES = 1 << 24


def _certainty(path: Path) -> Certainty:
    """Likely if the first lines name pictures and labels."""
    if path.stat().st_size > _MAX_BYTES:
        return Certainty.NO
    try:
        first = [line for _, line in itertools.islice(_lines(path), _NUM_LOOKED_AT)]
    except DataError:
        return Certainty.NO
    is_list = _separator(first) is not None or _is_table(first, path)
    return Certainty.LIKELY if is_list else Certainty.NO


def _read(path: Path, around: Surroundings) -> Table:
    """The table of a list; numbers are replaced by the names of a file of classes beside it."""
    lines = list(_lines(path, around.code_page))
    first = [line for _, line in lines[:_NUM_LOOKED_AT]]
    separator = _separator(first)
    if separator is None and _is_table(first, path):
        return csv.read(path, around)
    numbers, cells = [], []
    for number, line in lines:
        parsed = _parsed(line, separator or " ")
        if parsed is None:
            raise DataError(
                f"Line {number} of {path} is {line[:80]!a}; it must be the path of a picture, a "
                "blank or tab, and a label."
            )
        numbers.append(f"Line {number} of {path.name}")
        cells.append(parsed)
    names = _names(path, {label for _, label in cells})
    rows = [(location, names.get(label, label)) for location, label in cells]
    frame = pd.DataFrame(rows, index=numbers, columns=["path", "label"], dtype=object)
    return Table(frame, path, path.parent, "path", "label")


def _separator(lines: Sequence[str]) -> str | None:
    """What lies between path and label in all lines; None if they are no such pairs."""
    return next((one for one in (*_SEPARATORS, " ") if _are_pairs(lines, one)), None)


def _are_pairs(lines: Sequence[str], separator: str) -> bool:
    """True for paths and labels; running numbers in front of paths are no labels."""
    pairs = [parsed for line in lines if (parsed := _parsed(line, separator))]
    labels = {label for _, label in pairs}
    is_numbered = len(labels) == len(lines) and all(label.isdecimal() for label in labels)
    is_path_first = all(
        line.lstrip("'\"").startswith(path) for line, (path, _) in zip(lines, pairs, strict=False)
    )
    return bool(lines) and len(pairs) == len(lines) and (is_path_first or not is_numbered)


def _is_table(lines: Sequence[str], path: Path) -> bool:
    """True if lines have equally many cells, of which the first ones name a column of pictures."""
    if len(lines) < 2:
        return False
    content = "\n".join(lines)
    delimiter = delimited.likely_delimiter(content)
    try:
        records = [record for _, record in delimited.records(content, path, delimiter)]
        rows = delimited.rows(content, path, delimiter=delimiter)
    except DataError:
        return False
    is_even = len({len(record) for record in records}) == 1 and len(records[0]) > 1
    return is_even and guesses.picture_column(rows) is not None


def _lines(path: Path, code_page: str | None = None) -> Iterator[tuple[int, str]]:
    content, _ = text.decoded(path, code_page)
    for number, line in enumerate(content.split("\n"), 1):
        if line.strip() and not line.startswith("#"):
            yield number, line.strip()


def _parsed(line: str, separator: str) -> tuple[str, str] | None:
    """Path and label, in either order; a blank lies behind the path, as paths have blanks too."""
    if separator == " ":
        orders = [line.rsplit(None, 1), line.split(None, 1)[::-1]]
    else:
        cells = line.split(separator)
        orders = [cells, cells[::-1]]
    for cells in orders:
        if len(cells) != 2:
            continue
        path, label = (cell.strip().strip("'\"") for cell in cells)
        if label and is_picture_name(path) and not is_picture_name(label):
            return path, label
    return None


def _names(path: Path, labels: set[str]) -> dict[str, str]:
    """Names by number, if all labels are numbers and a file beside the list names as many."""
    if not all(label.isdecimal() for label in labels):
        return {}
    for file in _NAMES_OF_CLASSES:
        beside = path.parent / file
        if beside.is_file() and beside != path:
            named = [line for _, line in _lines(beside)]
            numbered = dict(line.split(None, 1) for line in named if re.match(r"\d+[ \t]+\S", line))
            if len(numbered) == len(named) and labels <= set(numbered):
                return {number: name.strip() for number, name in numbered.items()}
            if max(map(int, labels), default=0) < len(named):
                return {str(number): name for number, name in enumerate(named)}
    return {}


FORM = TableFile(suffixes=(".txt", ".lst"), read=_read, certainty=_certainty)
