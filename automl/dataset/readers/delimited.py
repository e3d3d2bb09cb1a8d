"""CSV and TSV files with a header, and Vertex AI's without."""

import csv
import io
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from automl.dataset.readers import text
from automl.dataset.readers.table import Table
from automl.errors import DataError

_DELIMITERS = ",;\t|"
_ML_USES = ("training", "train", "validation", "test", "unassigned")
_MAX_CELL = 1 << 20


def read_csv(path: Path) -> Table:
    """A table whose first row names the columns; separated by comma, semicolon, tab or bar."""
    content = text.read(path)
    return _with_header(content, path, _sniff(content))


def read_tsv(path: Path) -> Table:
    return _with_header(text.read(path), path, "\t")


def rows(content: str, path: Path, *, delimiter: str, header: bool = True) -> pd.DataFrame:
    """All rows as text; without header the columns are called Column1, Column2, …

    Raises:
        DataError: it is no such table.
    """
    records = _records(content, path, delimiter)
    first = next(records, None)
    if first is None:
        raise DataError(f"{path} is empty. Its first row must name the columns.")
    if header:
        names = _names(first[1], path)
    else:
        names = [f"Column{number}" for number in range(1, len(first[1]) + 1)]
        records = itertools.chain([first], records)
    numbers, cells = [], []
    for number, record in records:
        if any(cell.strip() for cell in record):
            numbers.append(f"Row {number} of {path.name}")
            cells.append(_fitted(record, len(names), numbers[-1]))
    frame = pd.DataFrame(cells, index=numbers, columns=names, dtype=object)
    return frame[[name for name in names if name]]


def _with_header(content: str, path: Path, delimiter: str) -> Table:
    return Table(rows(content, path, delimiter=delimiter), path, path.parent)


def _sniff(content: str) -> str:
    """The separator that parts the first two rows into equally many columns, and most of them."""
    start = content[: 4 * _MAX_CELL]

    def fit(delimiter: str) -> tuple[bool, int]:
        try:
            records = list(itertools.islice(_records(start, Path(), delimiter), 2))
        except DataError:
            return False, 0
        lengths = {len(record) for _, record in records}
        return len(lengths) == 1 and max(lengths) > 1, max(lengths, default=0)

    return max(_DELIMITERS, key=fit)


def _records(content: str, path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with its number, the first being 1 as in a spreadsheet."""
    csv.field_size_limit(_MAX_CELL)
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
    try:
        for number, record in enumerate(reader, 1):
            if record:
                yield number, record
    except csv.Error as error:
        raise DataError(
            f"{path} cannot be read as a table: line {reader.line_num} is wrong ({error}). "
            "Look for a quotation mark without its partner."
        ) from None


def _names(record: list[str], path: Path) -> list[str]:
    names = [name.strip() for name in record]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise DataError(f"{path} has two columns called {twice[0]}. Rename one of them.")
    return names


def _fitted(record: list[str], length: int, row: str) -> list[str | None]:
    """As long as the header; what is missing at the end is empty."""
    if len(record) > length and any(record[length:]):
        raise DataError(
            f"{row} has {len(record)} cells, but the table has {length} columns. "
            "Put text with a separator in it into quotation marks."
        )
    return [*record[:length], *[None] * (length - len(record))]


def looks_like_vertex(path: Path) -> bool:
    """Whether the first row is no header but a picture of Google's cloud."""
    record = next((record for _, record in _records(text.read(path), path, ",")), [])
    return any(cell.strip().startswith("gs://") for cell in record[:2])


def read_vertex(path: Path) -> Table:
    """Vertex AI's import file: optional ml_use, location, label; no header."""
    numbers, cells = [], []
    for number, record in _records(text.read(path), path, ","):
        numbers.append(f"Row {number} of {path.name}")
        cells.append(_vertex_cells([cell.strip() for cell in record]))
    columns = ["ml_use", "image_url", "label"]
    frame = pd.DataFrame(cells, index=numbers, columns=columns, dtype=object)
    return Table(frame, path, path.parent, "image_url", "label", "ml_use")


def _vertex_cells(record: Sequence[str]) -> list[Any]:
    """Several labels stay a list, to be refused where all lists of labels are."""
    has_use = len(record) > 1 and record[0].lower() in (*_ML_USES, "")
    use, location, *labels = record if has_use else ["", *record]
    given = [label for label in labels if label]
    return [use, location, given if len(given) > 1 else "".join(given)]
