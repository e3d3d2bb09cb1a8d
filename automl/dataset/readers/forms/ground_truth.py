"""The manifest of Amazon SageMaker Ground Truth and Rekognition: one JSON object a line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from automl.dataset.locations import Surroundings
from automl.dataset.readers import questions, text
from automl.dataset.readers.form import Certainty, TableFile
from automl.dataset.readers.forms import jsonl
from automl.dataset.readers.table import Table

_SOURCE = "source-ref"
_METADATA = "-metadata"


def _certainty(path: Path) -> Certainty:
    first = text.first_line(path)
    return Certainty.LIKELY if f'"{_SOURCE}"' in first else Certainty.NO


def _read(path: Path, _: Surroundings) -> Table:
    """The table of a manifest: one row for each picture, with a column for each labelling job."""
    frame = jsonl.rows(text.read(path), path)
    rows = [
        (str(where), str(row[_SOURCE]), dict(_answers(row)))
        for where, row in frame.to_dict("index").items()
        if row.get(_SOURCE)
    ]
    return questions.as_table(rows, path)


def _answers(row: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Each labelling job of a line, with the names of the classes that it gave."""
    for key, metadata in row.items():
        if not str(key).endswith(_METADATA) or not isinstance(metadata, dict):
            continue
        named, names = metadata.get("class-name"), metadata.get("class-map")
        if named is not None:
            yield str(key).removesuffix(_METADATA), str(named)
        elif isinstance(names, dict):  # several labels, or boxes
            yield str(key).removesuffix(_METADATA), sorted({*map(str, names.values())})


FORM = TableFile(suffixes=(".manifest", ".jsonl"), read=_read, certainty=_certainty)
