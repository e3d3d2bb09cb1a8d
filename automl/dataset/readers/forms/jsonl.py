"""A JSONL file, one JSON object a line, as Azure's data sets have it."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from automl.dataset.locations import Surroundings
from automl.dataset.readers import text
from automl.dataset.readers.form import TableFile
from automl.dataset.readers.table import Table
from automl.errors import DataError, short
from automl.texts import mark


def read(path: Path, _: Surroundings) -> Table:
    """The table of a file, with the objects' keys as columns."""
    return Table(rows(text.read(path), path), path, path.parent)


def rows(content: str, path: Path, *, drop_invalid: bool = False) -> pd.DataFrame:
    """One row for each object, with their keys as columns.

    Raises:
        DataError: a line is not a JSON object, unless `drop_invalid` leaves such lines out.
    """
    objects: dict[str, dict[str, Any]] = {}
    # not splitlines, which also splits at characters that may stand inside a JSON string
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        value = _parse(line)
        if isinstance(value, dict):
            objects[mark(f"Line {number} of {path.name}")] = value
        elif not drop_invalid:
            raise DataError(
                f"Line {number} of {path} is not a JSON object: {short(line.strip())}. Write one "
                'object a line: {"image_url": "cat/1.jpg", "label": "cat"}.'
            )
    names = list(dict.fromkeys(name for value in objects.values() for name in value))
    columns = {name: [value.get(name) for value in objects.values()] for name in names}
    return pd.DataFrame(columns, index=list(objects), dtype=object)


def _parse(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


FORM = TableFile(suffixes=(".jsonl", ".ndjson"), read=read)
