"""Label Studio's exports: JSON, and JSON-MIN."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd

from automl.dataset.readers import text
from automl.dataset.readers.table import IMAGE_NAMES, Table
from automl.errors import DataError

_MIN_KEYS = {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"}
_UPLOAD = "/data/upload/"
_LOCAL_FILES = "/data/local-files/"
_UPLOAD_PREFIX = re.compile(r"^[0-9a-f]{8}-")


def read_label_studio(path: Path) -> Table:
    """One row for each task and annotation: annotators who agree are the same row in the end.

    The columns are what the tasks hold, and a column for every question with choices.
    """
    found = [(task, number) for number, task in enumerate(_tasks(path), 1)]
    rows = [
        (f"Task {task.get('id', n)} of {path.name}", row)
        for task, n in found
        for row in _rows(task)
    ]
    names = list(dict.fromkeys(name for _, row in rows for name in row))
    columns = {name: [_location(row.get(name), path.parent) for _, row in rows] for name in names}
    frame = pd.DataFrame(columns, index=[where for where, _ in rows], dtype=object)
    return Table(frame, path, path.parent, label_column=_only_question([task for task, _ in found]))


def _tasks(path: Path) -> list[dict[str, Any]]:
    content = text.read(path)
    try:
        tasks = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{path} is not JSON ({error}). Export it from Label Studio again."
        ) from None
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
    """The ones that count; an annotation that was declared to be the truth outdoes the others."""
    given = task.get("annotations") or task.get("completions") or []
    kept = [one for one in given if isinstance(one, dict) and not one.get("was_cancelled")]
    return [one for one in kept if one.get("ground_truth")] or kept


def _answers(annotation: dict[str, Any]) -> dict[str, Any]:
    return {
        str(result["from_name"]): _choices(result.get("value"))
        for result in annotation.get("result") or []
        if isinstance(result, dict) and result.get("type") == "choices" and "from_name" in result
    }


def _choices(value: Any) -> Any:
    """A single choice as text; several stay a list, to be refused like all lists of labels."""
    chosen = value.get("choices", value) if isinstance(value, dict) else value
    return chosen[0] if isinstance(chosen, list) and len(chosen) == 1 else chosen


def _only_question(tasks: list[dict[str, Any]]) -> str | None:
    """The column of the labels where there is but one question."""
    if any(isinstance(task.get("data"), dict) for task in tasks):
        asked = {name for task in tasks for one in _annotations(task) for name in _answers(one)}
    else:
        asked = {name for task in tasks for name in task if name not in _MIN_KEYS}
        asked -= {name for name in asked if name.lower() in IMAGE_NAMES}
    return asked.pop() if len(asked) == 1 else None


def _location(value: Any, folder: Path) -> Any:
    """Label Studio's own places, which only its server knows, as paths beside the export."""
    if not isinstance(value, str):
        return value
    if value.startswith(_LOCAL_FILES):
        return parse_qs(urlsplit(value).query).get("d", [value])[0]
    if not value.startswith(_UPLOAD):
        return value
    inside = value.removeprefix(_UPLOAD)
    name = inside.rpartition("/")[2]
    original = _UPLOAD_PREFIX.sub("", name)
    places = (f"upload/{inside}", inside, f"images/{name}", name, f"images/{original}", original)
    return next((place for place in places if os.path.lexists(folder / place)), places[0])
