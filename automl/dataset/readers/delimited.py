"""Rows of files whose cells are separated by one character, as in CSV and TSV."""

import csv
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from automl.dataset.readers import pictures_in_cells, text
from automl.dataset.walk import is_picture_name
from automl.errors import DataError
from automl.texts import mark

_DELIMITERS = ",;\t|"
_MAX_CELL = 1 << 20
_MAX_COMMENTS = 100
_QUOTED = re.compile(r"\s*'[^']*'\s*")


def rows(content: str, path: Path, *, delimiter: str, header: bool = True) -> pd.DataFrame:
    """All rows as text; without header the columns are called Column1, Column2, …

    Raises:
        DataError: the content is not such a table.
    """
    numbered = records(content, path, delimiter)
    first = next(numbered, None)
    if first is None:
        raise DataError(f"{path} is empty. Its first row must name the columns.")
    if header:
        names = _names(first[1], path)
    else:
        names = [f"Column{number}" for number in range(1, len(first[1]) + 1)]
        numbered = itertools.chain([first], numbered)
    numbers, cells = [], []
    for number, record in numbered:
        if any(cell.strip() for cell in record):
            numbers.append(mark(f"Row {number} of {path.name}"))
            cells.append(_fitted(record, len(names), numbers[-1]))
    _refuse_ticks_without_name(names, cells, path)
    frame = pd.DataFrame(cells, index=numbers, columns=names, dtype=object)
    frame = frame[[name for name in names if name]]
    return frame.apply(_unquoted) if len(frame) else frame


def _unquoted(cells: pd.Series) -> pd.Series:
    """The cells without single quotation marks, if all of them are in such."""
    is_quoted = all(cell is None or _QUOTED.fullmatch(cell) for cell in cells)
    return cells.map(lambda cell: cell and cell.strip()[1:-1]) if is_quoted else cells


def declared_delimiter(content: str) -> str | None:
    """The separator that a first line such as `sep=;` declares."""
    found = re.match(r"sep=(.)\r?\n", content, re.IGNORECASE)
    return found[1] if found else None


def without_comments(content: str) -> str:
    """The content with empty lines in place of comments in front of its table.

    A line that starts with # may also name the columns, as `#filename,label` does.
    """
    lines = content.split("\n", _MAX_COMMENTS)
    start = next((at for at, line in enumerate(lines) if not line.startswith("#")), 0)
    if not start or not lines[start].strip():
        return content
    delimiter = likely_delimiter("\n".join(lines[start : start + 2]))
    is_even = lines[start - 1].count(delimiter) == lines[start].count(delimiter) > 0
    is_row = not has_header(lines[start], Path(), delimiter)
    is_header = is_even and (is_row or not lines[start - 1][1:2].isspace())
    start -= is_header
    names = lines[start].removeprefix("#").lstrip() if is_header else lines[start]
    return "\n".join(["" for _ in range(start)] + [names, *lines[start + 1 :]])


def without_title(content: str, delimiter: str) -> str:
    """The content with empty lines in place of a title above the row that names the columns."""
    lines = content.split("\n", _MAX_COMMENTS)
    sizes = [sum(bool(cell.strip()) for cell in line.split(delimiter)) for line in lines]
    start = title_rows(sizes)
    return "\n".join(["" for _ in range(start)] + lines[start:])


def title_rows(sizes: Sequence[int]) -> int:
    """Number of rows of at most one cell above the first of two rows with several.

    Args:
        sizes: cells that are not empty, of each of the first rows.
    """
    start = next((at for at, size in enumerate(sizes) if size > 1), 0)
    return start if min(sizes[start : start + 2], default=0) > 1 else 0


def header(path: Path) -> list[str]:
    """Names in the first row of a file, in lower case; empty if it is no table."""
    first = text.first_line(path).strip()
    try:
        _, names = next(records(first, path, likely_delimiter(first)), (0, []))
    except DataError:
        return []
    return [name.strip().lower().removeprefix("#") for name in names]


def has_header(content: str, path: Path, delimiter: str) -> bool:
    """False if the first row names a picture, as the rows below it do."""
    _, first = next(records(content, path, delimiter), (0, []))
    return not any(is_picture_name(cell.strip()) for cell in first)


def likely_delimiter(content: str) -> str:
    """The separator that cuts the first two rows into equally many columns, and most of them."""
    start = content[: 4 * _MAX_CELL]

    def fit(delimiter: str) -> tuple[bool, int]:
        try:
            first_two = list(itertools.islice(records(start, Path(), delimiter), 2))
        except DataError:
            return False, 0
        lengths = {len(record) for _, record in first_two}
        return len(lengths) == 1 and max(lengths) > 1, max(lengths, default=0)

    return max(_DELIMITERS, key=fit)


def records(content: str, path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not empty with its number, which starts at 1 as in a spreadsheet.

    Raises:
        DataError: a row cannot be read.
    """
    csv.field_size_limit(_MAX_CELL)
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
    try:
        for number, record in enumerate(reader, 1):
            if record:
                yield number, record
    except csv.Error as error:
        raise DataError(
            f"{path} cannot be read as a table: line {reader.line_num} is wrong ({error}). "
            "Look for a quotation mark that is never closed."
        ) from None


def _names(record: list[str], path: Path) -> list[str]:
    names = [name.strip() for name in record]
    if pictures_in_cells.are_pixels(names):  # of a table without header
        raise pictures_in_cells.of_pixels(path)
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise DataError(f"{path} has two columns called {twice[0]}. Rename one of them.")
    return names


def _refuse_ticks_without_name(names: list[str], cells: list[list[str | None]], path: Path) -> None:
    """Raise a DataError for a column of 0 and 1 without a name, which would be lost.

    A first column without a name may have the numbers of two rows, as pandas writes it.
    """
    first = 0 if len(cells) > 2 else 1
    for at, name in enumerate(names):
        if at >= first and not name and {row[at] for row in cells} == {"0", "1"}:
            raise DataError(
                f"{path} has no name for column {at + 1}, which has 0 and 1 in every row. Write "
                "the name of its label into the first row, or remove the column."
            )


def _fitted(record: list[str], length: int, row: str) -> list[str | None]:
    """The row cut or filled with empty cells to the length of the header."""
    if len(record) > length and any(record[length:]):
        raise DataError(
            f"{row} has {len(record)} cells, but the table has {length} columns. "
            "Put text with a separator in it into quotation marks."
        )
    return [*record[:length], *[None] * (length - len(record))]
