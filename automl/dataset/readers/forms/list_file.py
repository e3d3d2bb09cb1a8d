"""A text file with a line for each picture: its path and its label, or the label first.

A blank, tab, comma, semicolon, bar or colon lies between them; with a row of names, or more cells a
line, it is a table.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from automl.dataset import split_words
from automl.dataset.locations import Surroundings
from automl.dataset.readers import blanks, delimited, guesses, named_classes, text
from automl.dataset.readers.form import Certainty, TableFile
from automl.dataset.readers.forms import csv
from automl.dataset.readers.table import Table
from automl.dataset.walk import is_picture_name
from automl.errors import DataError, short
from automl.texts import mark

_SEPARATORS = ("\t", ",", ";", "|", ": ")
_NUMBERED_PICTURES = "images.txt"
_NUMBERS = re.compile(r"[-+\d.\s]+")
_NUM_LOOKED_AT = 20
_MAX_ENDS = 5
_MAX_BYTES = 1 << 27


def _certainty(path: Path) -> Certainty:
    """Likely if the first lines name pictures and labels."""
    if path.stat().st_size > _MAX_BYTES:
        return Certainty.NO
    rest = _lines(path)
    try:
        lines = list(itertools.islice(rest, _NUM_LOOKED_AT))
    except DataError:
        return Certainty.NO
    if _says_splits(path):
        return Certainty.NO
    first = [line for _, line in lines]
    if _separator(first) is not None or _is_table(first, path):
        return Certainty.LIKELY
    lines += rest
    if pairs := _of_numbers(path, lines):
        are_in_folders = all("/" in picture for picture, _ in pairs)  # whose names say more
        codes = {label for _, label in pairs}
        are_labels = not are_in_folders or named_classes.are_named_beside(path, codes)
        return Certainty.LIKELY if are_labels else Certainty.NO
    is_loose = _pairs_of_ids(lines) or blanks.rows(lines, path.name) is not None
    return Certainty.POSSIBLE if is_loose else Certainty.NO


def _says_splits(path: Path) -> bool:
    """True for a file of partitions whose lines end with numbers or words of splits."""
    if not split_words.is_for_splits(path):
        return False
    ends = {line.split()[-1] for _, line in _lines(path)}
    plain = [end for end in ends if end.isdecimal() or split_words.split_of(end)]
    return len(ends) <= _MAX_ENDS and len(plain) >= min(len(ends), 2)


def _read(path: Path, around: Surroundings) -> Table:
    """The table of a list."""
    lines = list(_lines(path, around.code_page))
    first = [line for _, line in lines[:_NUM_LOOKED_AT]]
    separator = _separator(first)
    if separator is None:
        if _is_table(first, path):
            return csv.read(path, around)
        if pairs := _of_numbers(path, lines) or _pairs_of_ids(lines):
            return _as_table(pairs, [number for number, _ in lines], path)
        if (rows := blanks.rows(lines, path.name)) is not None:
            return Table(rows, path, path.parent, image_column=str(rows.columns[0]))
    numbers, cells = [], []
    for number, line in lines:
        parsed = _parsed(line, separator or " ")
        if parsed is None:
            raise DataError(
                f"Line {number} of {path} is {short(line)}; it must be the path of a picture, a "
                "blank or tab, and a label."
            )
        numbers.append(number)
        cells.append(parsed)
    return _as_table(cells, numbers, path)


def _as_table(cells: Sequence[tuple[str, str]], numbers: Sequence[int], path: Path) -> Table:
    """The table of pairs, with the numbers of their lines."""
    index = [mark(f"Line {number} of {path.name}") for number in numbers]
    frame = pd.DataFrame(cells, index=index, columns=["path", "label"], dtype=object)
    return Table(frame, path, path.parent, "path", "label")


def _pairs_of_ids(lines: Sequence[tuple[int, str]]) -> list[tuple[str, str]]:
    """Ids without suffix and labels, which may have blanks; nothing if lines are no such pairs.

    FGVC-Aircraft has such lists. An id has digits and stands in one line, a label in several.
    """
    cells = [line.split(None, 1) for _, line in lines]
    pairs = [(each[0], each[1]) for each in cells if len(each) == 2]
    ids, labels = {one for one, _ in pairs}, {label for _, label in pairs}
    are_ids = all(any(c.isdigit() for c in one) and not is_picture_name(one) for one in ids)
    are_labels = 2 * len(labels) <= len(lines) and any(
        not _NUMBERS.fullmatch(one) for one in labels
    )
    is_list = len(pairs) == len(ids) == len(lines) and are_ids and are_labels
    return pairs if is_list else []


def _separator(lines: Sequence[str]) -> str | None:
    """Separator of path and label in all lines; None if they are no such pairs."""
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


def _of_numbers(path: Path, lines: Sequence[tuple[int, str]]) -> list[tuple[str, str]]:
    """Pictures and labels of lines such as `1 7`, by `images.txt` beside them, as in CUB-200."""
    beside = path.with_name(_NUMBERED_PICTURES)
    if path == beside or split_words.is_for_splits(path):
        return []
    pictures = blanks.numbered(beside)
    cells = [line.split() for _, line in lines]
    is_list = all(len(each) == 2 and each[0] in pictures for each in cells)
    are_labels = 2 * len({each[-1] for each in cells}) <= len(cells)
    return [(pictures[each[0]], each[1]) for each in cells] if is_list and are_labels else []


FORM = TableFile(suffixes=(".txt", ".lst"), read=_read, certainty=_certainty, is_loose=True)
