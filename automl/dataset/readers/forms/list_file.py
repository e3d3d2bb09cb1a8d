"""A text file with a line for each picture: its path, a blank or tab, and its label."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from automl.dataset.locations import Surroundings
from automl.dataset.readers import text
from automl.dataset.readers.form import Certainty, TableFile
from automl.dataset.readers.table import Table
from automl.dataset.walk import is_picture_name
from automl.errors import DataError

_LINE = re.compile(r"(?P<path>.*\S)(?:[ \t]+|\s*,\s*|\s*;\s*)(?P<label>\S+)\s*")
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
        first = list(itertools.islice(_lines(path), _NUM_LOOKED_AT))
    except DataError:
        return Certainty.NO
    named = bool(first) and all(_parsed(line) for _, line in first)
    return Certainty.LIKELY if named else Certainty.NO


def _read(path: Path, around: Surroundings) -> Table:
    """The table of a list; numbers are replaced by the names of a file of classes beside it."""
    numbers, cells = [], []
    for number, line in _lines(path, around.code_page):
        parsed = _parsed(line)
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


def _lines(path: Path, code_page: str | None = None) -> Iterator[tuple[int, str]]:
    content, _ = text.decoded(path, code_page)
    for number, line in enumerate(content.split("\n"), 1):
        if line.strip() and not line.startswith("#"):
            yield number, line.strip()


def _parsed(line: str) -> tuple[str, str] | None:
    """Path and label; the label follows the last blank, as paths have blanks too."""
    found = _LINE.fullmatch(line)
    if found is None or not is_picture_name(found["path"].strip("'\"")):
        return None
    return found["path"].strip("'\""), found["label"]


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
