"""A file separated by tabs, with a header."""

from pathlib import Path

from automl.dataset.locations import Surroundings
from automl.dataset.readers import delimited, text
from automl.dataset.readers.form import TableFile
from automl.dataset.readers.table import Table


def _read(path: Path, around: Surroundings) -> Table:
    content, guesses = text.decoded(path, around.code_page)
    content = delimited.without_comments(content)
    rows = delimited.rows(content, path, delimiter="\t")
    return Table(rows, path, path.parent, guesses=guesses)


FORM = TableFile(suffixes=(".tsv",), read=_read)
