"""A CSV file with a header; separated by comma, semicolon, tab or bar."""

from pathlib import Path

from automl.dataset.locations import Surroundings
from automl.dataset.readers import blanks, delimited, text
from automl.dataset.readers.form import TableFile
from automl.dataset.readers.table import Table


def read(path: Path, around: Surroundings) -> Table:
    """The table of a file whose first row names the columns."""
    content, guesses = text.decoded(path, around.code_page)
    delimiter = delimited.declared_delimiter(content)
    if delimiter:  # Excel's first line says it
        content = content.partition("\n")[2]
    content = delimited.without_comments(content)
    delimiter = delimiter or delimited.likely_delimiter(content)
    content = delimited.without_title(content, delimiter)
    header = delimited.has_header(content, path, delimiter)
    rows = delimited.rows(content, path, delimiter=delimiter, header=header)
    if len(rows.columns) < 2:
        lines = [line for line in enumerate(content.splitlines(), 1) if line[1].strip()]
        rows = rows if (found := blanks.rows(lines, path.name)) is None else found
    return Table(rows, path, path.parent, guesses=guesses)


FORM = TableFile(suffixes=(".csv",), read=read)
