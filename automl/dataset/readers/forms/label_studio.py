"""Label Studio's export as JSON or JSON-MIN."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd

from automl.dataset.locations import Surroundings
from automl.dataset.readers import json_file
from automl.dataset.readers.form import TableFile
from automl.dataset.readers.guesses import IMAGE_NAMES
from automl.dataset.readers.table import Table
from automl.errors import DataError

_MIN_KEYS = {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"}
_UPLOAD = "/data/upload/"
_LOCAL_FILES = "/data/local-files/"
_UPLOAD_PREFIX = re.compile(r"^[0-9a-f]{8}-")


def _read(path: Path, _: Surroundings) -> Table:
    """The table of an export: one row for each task and annotation.

    The columns are the keys of the tasks' data, and one for every question with choices. Rows of
    annotators who agree are equal, and become one row of the listing.
    """
    tasks = _tasks(path)
    rows = [
        (f"Task {task.get('id', number)} of {path.name}", row)
        for number, task in enumerate(tasks, 1)
        for row in _rows(task)
    ]
    names = list(dict.fromkeys(name for _, row in rows for name in row))
    columns = {name: [_location(row.get(name), path.parent) for _, row in rows] for name in names}
    frame = pd.DataFrame(columns, index=[where for where, _ in rows], dtype=object)
    return Table(frame, path, path.parent, label_column=_only_question(tasks))


def _tasks(path: Path) -> list[dict[str, Any]]:
    tasks = json_file.loaded(path)
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
        raise DataError(
            f"{path} is not a list of tasks. Export JSON or JSON-MIN from Label Studio; a file "
            "with one JSON object a line is called .jsonl."
        )
    return tasks


def _rows(task: dict[str, Any]) -> Iterator[dict[str, Any]]:
    data = task.get("data")
    if not isinstance(data, dict):
        yield {name: _choices(value) for name, value in task.items()}
        return
    answers = [_answers(annotation) for annotation in _annotations(task)]
    for answer in [answer for answer in answers if answer] or [{}]:
        yield {**data, **answer}


def _annotations(task: dict[str, Any]) -> list[dict[str, Any]]:
    """Annotations that were not cancelled; if some are marked as ground truth, only those."""
    annotations = _dicts(task.get("annotations") or task.get("completions"))
    kept = [annotation for annotation in annotations if not annotation.get("was_cancelled")]
    return [annotation for annotation in kept if annotation.get("ground_truth")] or kept


def _dicts(value: Any) -> list[dict[str, Any]]:
    """The mappings in a list; none if the value is something else, as in a damaged export."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _answers(annotation: dict[str, Any]) -> dict[str, Any]:
    return {
        str(result["from_name"]): _choices(result.get("value"))
        for result in _dicts(annotation.get("result"))
        if result.get("type") == "choices" and "from_name" in result
    }


def _choices(value: Any) -> Any:
    """A single choice as text; several stay a list."""
    chosen = value.get("choices", value) if isinstance(value, dict) else value
    return chosen[0] if isinstance(chosen, list) and len(chosen) == 1 else chosen


def _only_question(tasks: list[dict[str, Any]]) -> str | None:
    """The question if all tasks ask the same one: it is the column of the labels."""
    if any(isinstance(task.get("data"), dict) for task in tasks):
        annotations = [annotation for task in tasks for annotation in _annotations(task)]
        questions = {name for annotation in annotations for name in _answers(annotation)}
    else:
        questions = {name for task in tasks for name in task if name not in _MIN_KEYS}
        questions -= {name for name in questions if name.lower() in IMAGE_NAMES}
    return questions.pop() if len(questions) == 1 else None


def _location(value: Any, folder: Path) -> Any:
    """A path beside the export for a location that only Label Studio's server can resolve."""
    if not isinstance(value, str):
        return value
    if value.startswith(_LOCAL_FILES):
        return parse_qs(urlsplit(value).query).get("d", [value])[0]
    if not value.startswith(_UPLOAD):
        return value
    inside = value.removeprefix(_UPLOAD)
    name = inside.rpartition("/")[2]
    original = _UPLOAD_PREFIX.sub("", name)
    paths = (f"upload/{inside}", inside, f"images/{name}", name, f"images/{original}", original)
    return next((path for path in paths if os.path.lexists(folder / path)), paths[0])


FORM = TableFile(suffixes=(".json",), read=_read)
