"""Vertex AI's import file: a CSV file without header, of `[ml_use,]location,label`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from automl.dataset.locations import Surroundings
from automl.dataset.readers import delimited, text
from automl.dataset.readers.form import Certainty, TableFile
from automl.dataset.readers.table import Table
from automl.texts import mark

_ML_USES = ("training", "train", "validation", "test", "unassigned")


def _certainty(path: Path) -> Certainty:
    """Likely if the first row is no header but names a picture in Google's cloud."""
    first = text.first_line(path)
    record = next((record for _, record in delimited.records(first, path, ",")), [])
    in_cloud = any(cell.strip().startswith("gs://") for cell in record[:2])
    return Certainty.LIKELY if in_cloud else Certainty.NO


def _read(path: Path, _: Surroundings) -> Table:
    numbers, cells = [], []
    for number, record in delimited.records(text.read(path), path, ","):
        numbers.append(mark(f"Row {number} of {path.name}"))
        cells.append(_cells([cell.strip() for cell in record]))
    columns = ["ml_use", "image_url", "label"]
    frame = pd.DataFrame(cells, index=numbers, columns=columns, dtype=object)
    return Table(frame, path, path.parent, "image_url", "label", "ml_use")


def _cells(record: Sequence[str]) -> list[Any]:
    """ML use, location and label; several labels stay a list, as in other forms."""
    has_use = len(record) > 1 and record[0].lower() in (*_ML_USES, "")
    use, location, *labels = record if has_use else ["", *record]
    named = [label for label in labels if label]
    return [use, location, named if len(named) > 1 else "".join(named)]


FORM = TableFile(suffixes=(".csv",), read=_read, certainty=_certainty)
