"""Annotations of the VGG Image Annotator, as CSV, JSON, or its project.

The labels are an attribute of the file, or else those of its regions.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from automl.dataset.locations import Surroundings
from automl.dataset.readers import delimited, json_file, questions, text
from automl.dataset.readers.form import Certainty, TableFile
from automl.dataset.readers.table import Table
from automl.errors import DataError

_COLUMNS = {"filename", "file_attributes", "region_attributes"}
_PROJECT = "_via_img_metadata"


def _certainty(path: Path) -> Certainty:
    if path.suffix.lower() == ".csv":
        is_via = set(delimited.header(path)) >= _COLUMNS
    else:
        first = next(iter(_files(json_file.content(path))), None)
        is_via = isinstance(first, dict) and {"filename", "file_attributes"} <= first.keys()
    return Certainty.LIKELY if is_via else Certainty.NO


def _read(path: Path, _: Surroundings) -> Table:
    """The table of a file: one row for each picture, with its attributes as columns."""
    is_table = path.suffix.lower() == ".csv"
    parts = _of_table(path) if is_table else _of_json(path)
    answers: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, own, regions in parts:
        for attributes in [own] if any(own.values()) else regions:
            for question, answer in attributes.items():
                known = answers[name].setdefault(question, [])
                known += [one for one in _chosen(answer) if one not in known]
        answers[name]  # a picture without attributes has a row too
    rows = [(f"{name} in {path.name}", name, found) for name, found in answers.items()]
    return questions.as_table(rows, path)


def _of_table(path: Path) -> Iterator[tuple[str, dict[str, Any], list[dict[str, Any]]]]:
    content = text.read(path)
    rows = delimited.rows(content, path, delimiter=",")
    columns = {name.lower().removeprefix("#"): name for name in rows.columns}
    for where, row in rows.iterrows():
        own, region = (
            _object(row[columns[name]], str(where))
            for name in ("file_attributes", "region_attributes")
        )
        yield str(row[columns["filename"]]), own, [region]


def _of_json(path: Path) -> Iterator[tuple[str, dict[str, Any], list[dict[str, Any]]]]:
    for file in _files(json_file.loaded(path)):
        if not isinstance(file, dict) or "filename" not in file:
            raise DataError(f"{path} has an entry without filename. Export it again.")
        regions = file.get("regions") or []
        each = regions.values() if isinstance(regions, dict) else regions
        attributes = [one.get("region_attributes") for one in each if isinstance(one, dict)]
        own = file.get("file_attributes")
        inner = [one for one in attributes if isinstance(one, dict)]
        yield str(file["filename"]), own if isinstance(own, dict) else {}, inner


def _files(content: Any) -> list[Any]:
    """The entries of a project or of an export."""
    if isinstance(content, dict) and isinstance(content.get(_PROJECT), dict):
        content = content[_PROJECT]
    return list(content.values()) if isinstance(content, dict) else []


def _object(cell: Any, where: str) -> dict[str, Any]:
    try:
        value = json.loads(cell or "{}")
    except (ValueError, RecursionError):
        raise DataError(f"{where} has attributes that are not JSON. Export it again.") from None
    return value if isinstance(value, dict) else {}


def _chosen(answer: Any) -> list[str]:
    """The text of an answer, or the names of the boxes that are ticked."""
    if isinstance(answer, dict):
        return [str(name) for name, is_ticked in answer.items() if is_ticked]
    return [str(answer).strip()] if answer not in (None, "") else []


FORM = TableFile(suffixes=(".csv", ".json"), read=_read, certainty=_certainty)
