"""Prodigy's export: one JSON object a line, with the answers that were accepted."""

from pathlib import Path
from typing import Any

from automl.dataset.locations import Surroundings
from automl.dataset.readers import questions, text
from automl.dataset.readers.form import Certainty, TableFile
from automl.dataset.readers.forms import jsonl
from automl.dataset.readers.table import Table

_ANSWERS = ('"accept"', '"reject"', '"ignore"')
_LABEL = "label"


def _certainty(path: Path) -> Certainty:
    first = text.first_line(path)
    is_export = '"answer"' in first and any(answer in first for answer in _ANSWERS)
    return Certainty.LIKELY if is_export and '"image"' in first else Certainty.NO


def _read(path: Path, _: Surroundings) -> Table:
    """The table of an export; pictures whose answer was rejected or ignored have no label."""
    rows = [
        (str(where), _location(row), {_LABEL: _labels(row)})
        for where, row in jsonl.rows(text.read(path), path).to_dict("index").items()
    ]
    return questions.as_table(rows, path, _LABEL)


def _location(row: dict[Any, Any]) -> str:
    """The path of the picture, if the export has its bytes in place of it."""
    image = str(row.get("image") or "")
    return str(row.get("path") or image) if image.startswith("data:") else image


def _labels(row: dict[Any, Any]) -> Any:
    if row.get("answer") != "accept":
        return None
    chosen = row.get("accept")
    if not isinstance(chosen, list):
        return row.get(_LABEL)
    options = row.get("options")
    named = [one for one in options or [] if isinstance(one, dict)]
    names = {str(one.get("id")): str(one.get("text") or one.get("id")) for one in named}
    return [names.get(str(choice), str(choice)) for choice in chosen]


FORM = TableFile(suffixes=(".jsonl",), read=_read, certainty=_certainty)
