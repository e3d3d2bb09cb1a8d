"""An Excel workbook, of which one sheet has a row of names and a row for each picture."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pandas as pd

from automl.dataset import archive_members
from automl.dataset.locations import Surroundings
from automl.dataset.readers import delimited, guesses, text
from automl.dataset.readers.form import TableFile
from automl.dataset.readers.table import Table
from automl.dataset.reading import Guess
from automl.dataset.split_words import split_in
from automl.errors import DataError
from automl.texts import mark

_NUM_LOOKED_AT = 100
_MAX_BYTES = 300 * 1000**2
_MAX_ROWS = 1_048_576  # of Excel itself
_MAX_CELLS = 20_000_000
_SPLIT = "split"

_Rows = list[list[Any]]
"""Cells of a sheet."""


def _read(path: Path, _: Surroundings) -> Table:
    """The sheets of splits together; or the first with a column of pictures, or else the first."""
    if path.stat().st_size > text.MAX_BYTES:
        raise DataError(f"{path} is larger than a table may be. Save it as CSV, in parts.")
    sheets = {name: _frame(rows, path) for name, rows in _sheets(path).items() if rows}
    if not sheets:
        raise DataError(f"{path} is empty. Its first row must name the columns.")
    fitting = [name for name, frame in sheets.items() if guesses.picture_column(frame)]
    if (together := _of_splits(path, {name: sheets[name] for name in fitting})) is not None:
        return together
    used, *others = [*fitting, *(name for name in sheets if name not in fitting)]
    _refuse_twice(sheets[used], path)
    sentence = mark("Of {file} the sheet {used} is read, and not {others}.").format(
        file=path.name, used=used, others=", ".join(others)
    )
    said = [Guess(sentence=sentence)] if others else []
    return Table(sheets[used], path, path.parent, guesses=said)


def _of_splits(path: Path, sheets: Mapping[str, pd.DataFrame]) -> Table | None:
    """The table of all sheets, if each has the same columns and is named after another split."""
    splits = {name: found[0] for name in sheets if (found := split_in(name))}
    columns = {tuple(frame.columns) for frame in sheets.values()}
    if len(splits) < 2 or len({*splits.values()}) < len(sheets) or len(columns) > 1:
        return None
    parts = []
    for name, frame in sheets.items():
        _refuse_twice(frame, path)
        rows = [f"{row}, sheet {name}" for row in frame.index]
        parts.append(frame.set_axis(rows).assign(**{_SPLIT: splits[name]}))
    return Table(pd.concat(parts), path, path.parent, split_column=_SPLIT)


def _refuse_twice(frame: pd.DataFrame, path: Path) -> None:
    """Raise a DataError for two columns of one name."""
    names = list(frame.columns)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise DataError(f"{path} has two columns called {twice}. Rename one of them.")


def _sheets(path: Path) -> dict[str, _Rows]:
    """Rows of each sheet.

    Raises:
        DataError: the file is no workbook.
    """
    import openpyxl  # takes a fifth of a second

    try:
        archive_members.check_directory(path)
        _check_size(path)
        with path.open("rb") as file:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            sheets = {sheet.title: _rows(sheet, path) for sheet in book.worksheets}
    except DataError:
        raise
    except Exception as error:  # noqa: BLE001 (of a damaged file openpyxl raises anything)
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DataError(
            f"{path} is not an Excel file that can be read ({reason}). Save it as CSV."
        ) from None
    return sheets


def _check_size(path: Path) -> None:
    """Raise a DataError for a workbook whose texts and cells unpack to more than fits.

    Pictures in it, which are not read, are as large as they are packed.
    """
    limit = max(_MAX_BYTES, 2 * path.stat().st_size)
    with ZipFile(path) as archive:
        num_bytes = sum(info.file_size for info in archive.infolist())
    if num_bytes > limit:
        raise DataError(
            f"{path} unpacks to {num_bytes / 1000**2:,.0f} MB, and at most "
            f"{limit / 1000**2:,.0f} MB are read. Save it as CSV."
        )


def _rows(sheet: Any, path: Path) -> _Rows:
    """Cells of a sheet up to the last one of each row, whatever size the sheet says it has."""
    sheet.reset_dimensions()
    rows: _Rows = []
    num_cells = 0
    for row in sheet.iter_rows(values_only=True):
        num_cells += len(row)
        if len(rows) >= _MAX_ROWS or num_cells > _MAX_CELLS:
            raise DataError(
                f"The sheet {sheet.title} of {path} has more than {_MAX_ROWS:,} rows or "
                f"{_MAX_CELLS:,} cells. Delete what lies far below or beside the table, or save it "
                "as CSV."
            )
        rows.append(list(row))
    while rows and not any(map(_is_filled, rows[-1])):
        rows.pop()
    return rows


def _frame(rows: _Rows, path: Path) -> pd.DataFrame:
    """Rows below the one that names the columns; titles above it are left out."""
    start = delimited.title_rows([sum(map(_is_filled, row)) for row in rows[:_NUM_LOOKED_AT]])
    names = ["" if cell is None else str(cell).strip() for cell in rows[start]]
    used = [position for position, name in enumerate(names) if name]
    cells = {
        mark(f"Row {number} of {path.name}"): [
            row[position] if position < len(row) else None for position in used
        ]
        for number, row in enumerate(rows[start + 1 :], start + 2)
        if any(map(_is_filled, row))
    }
    columns = [names[position] for position in used]
    return pd.DataFrame(list(cells.values()), index=list(cells), columns=columns, dtype=object)


def _is_filled(cell: Any) -> bool:
    return cell is not None and str(cell).strip() != ""


FORM = TableFile(suffixes=(".xlsx", ".xlsm"), read=_read)
