"""An Excel workbook, whose first sheet has a row of names and a row for each picture."""

from pathlib import Path
from zipfile import BadZipFile

import pandas as pd

from automl.dataset.locations import Surroundings
from automl.dataset.readers import text
from automl.dataset.readers.form import TableFile
from automl.dataset.readers.table import Table
from automl.errors import DataError


def _read(path: Path, _: Surroundings) -> Table:
    import openpyxl  # takes a fifth of a second

    if path.stat().st_size > text.MAX_BYTES:
        raise DataError(f"{path} is larger than a table may be. Save it as CSV, in parts.")
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        rows = [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]
        book.close()
    except (BadZipFile, KeyError, ValueError, OSError, IndexError, TypeError) as error:
        raise DataError(
            f"{path} is not an Excel file that can be read ({error}). Save it as CSV."
        ) from None
    if not rows:
        raise DataError(f"{path} is empty. Its first row must name the columns.")
    names = ["" if cell is None else str(cell).strip() for cell in rows[0]]
    used = [position for position, name in enumerate(names) if name]
    cells = {
        f"Row {number} of {path.name}": [row[position] for position in used]
        for number, row in enumerate(rows[1:], 2)
        if any(cell is not None for cell in row)
    }
    columns = [names[position] for position in used]
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice:
        raise DataError(f"{path} has two columns called {twice}. Rename one of them.")
    frame = pd.DataFrame(list(cells.values()), index=list(cells), columns=columns, dtype=object)
    return Table(frame, path, path.parent)


FORM = TableFile(suffixes=(".xlsx", ".xlsm"), read=_read)
