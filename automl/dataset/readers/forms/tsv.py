"""A file separated by tabs, with a header."""

from pathlib import Path

from automl.dataset.locations import Surroundings
from automl.dataset.readers import delimited, text
from automl.dataset.readers.form import TableFile
from automl.dataset.readers.table import Table


def _read(path: Path, _: Surroundings) -> Table:
    return Table(delimited.rows(text.read(path), path, delimiter="\t"), path, path.parent)


FORM = TableFile(suffixes=(".tsv",), read=_read)
