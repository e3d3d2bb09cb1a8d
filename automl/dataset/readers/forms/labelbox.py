"""Labelbox's export: one JSON object a line, with the classifications of each picture."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from automl.dataset.locations import Surroundings
from automl.dataset.readers import questions, text
from automl.dataset.readers.form import Certainty, TableFile
from automl.dataset.readers.forms import jsonl
from automl.dataset.readers.table import Table

_ANSWERS = ("radio_answer", "checklist_answers", "checklist_answer")


def _certainty(path: Path) -> Certainty:
    first = text.first_line(path)
    is_export = '"data_row"' in first and '"projects"' in first
    return Certainty.LIKELY if is_export else Certainty.NO


def _read(path: Path, _: Surroundings) -> Table:
    """The table of an export: one row for each picture, with a column for each question."""
    frame = jsonl.rows(text.read(path), path)
    rows = []
    for where, row, projects in zip(frame.index, frame["data_row"], frame["projects"], strict=True):
        answers: dict[str, list[str]] = defaultdict(list)
        for question, answer in _found(projects):
            answers[question] += [answer] if answer not in answers[question] else []
        rows.append((str(where), _location(row, path.parent), answers))
    return questions.as_table(rows, path)


def _location(row: Any, folder: Path) -> str:
    """The file of that name, if it is here, or else the address."""
    names = row if isinstance(row, dict) else {}
    name, address = str(names.get("external_id") or ""), str(names.get("row_data") or "")
    is_address = "://" in address and not (name and next(folder.rglob(Path(name).name), None))
    return address if is_address or not name else name


def _found(value: Any) -> Iterator[tuple[str, str]]:
    """Each question and answer, however deep they lie."""
    inside = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict) and "name" in value and set(_ANSWERS) & value.keys():
        for key in _ANSWERS:
            given = value.get(key)
            for answer in given if isinstance(given, list) else [given]:
                if isinstance(answer, dict) and "name" in answer:
                    yield str(value["name"]), str(answer["name"])
    elif isinstance(inside, list) or isinstance(value, dict):
        for one in inside:
            yield from _found(one)


FORM = TableFile(suffixes=(".ndjson", ".jsonl", ".json"), read=_read, certainty=_certainty)
