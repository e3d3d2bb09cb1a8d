"""One JSON object a line, as Azure's data sets have it."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from automl.dataset.readers import text
from automl.dataset.readers.table import Table
from automl.errors import DataError


def read_jsonl(path: Path) -> Table:
    return Table(rows(text.read(path), path), path, path.parent)


def rows(content: str, path: Path, *, drop_invalid: bool = False) -> pd.DataFrame:
    """The objects' keys as columns.

    Raises:
        DataError: a line is not a JSON object and these are not to be left out.
    """
    found: dict[str, dict[str, Any]] = {}
    # not splitlines, which also parts at characters that JSON has inside of strings
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        value = _parse(line)
        if isinstance(value, dict):
            found[f"Line {number} of {path.name}"] = value
        elif not drop_invalid:
            raise DataError(
                f"Line {number} of {path} is not a JSON object: {line.strip()[:60]!a}. Write one "
                'object a line: {"image_url": "cat/1.jpg", "label": "cat"}.'
            )
    names = list(dict.fromkeys(name for value in found.values() for name in value))
    columns = {name: [value.get(name) for value in found.values()] for name in names}
    return pd.DataFrame(columns, index=list(found), dtype=object)


def _parse(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
