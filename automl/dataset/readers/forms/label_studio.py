"""Label Studio's export as JSON, JSON-MIN or CSV."""

import base64
import contextlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pandas as pd

from automl.dataset.locations import Surroundings
from automl.dataset.readers import delimited, json_file, text
from automl.dataset.readers.form import Certainty, TableFile
from automl.dataset.readers.guesses import IMAGE_NAMES
from automl.dataset.readers.table import Table
from automl.errors import DataError
from automl.texts import mark

_MIN_KEYS = {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"}
_UPLOAD = "/data/upload/"
_LOCAL_FILES = "/data/local-files"
_UPLOAD_PREFIX = re.compile(r"^[0-9a-f]{8}-")


def _certainty(path: Path) -> Certainty:
    """Likely by the keys that only Label Studio writes; any list of objects is possible."""
    if path.suffix.lower() == ".csv":
        is_export = {"annotation_id", "lead_time"} <= set(delimited.header(path))
        return Certainty.LIKELY if is_export else Certainty.NO
    content = json_file.content(path)
    tasks = content if isinstance(content, list) else []
    known = {"annotations", "completions", "predictions", "annotation_id"}
    is_export = any(isinstance(task, dict) and known & task.keys() for task in tasks[:1])
    return Certainty.LIKELY if is_export else Certainty.POSSIBLE


def _read(path: Path, _: Surroundings) -> Table:
    """The table of an export: one row for each task and annotation.

    The columns are the keys of the tasks' data, and one for every question with choices. Rows of
    annotators who agree are equal, and become one row of the listing. Predictions are no labels.
    """
    tasks = _tasks(path)
    question = _only_question(tasks)
    rows = [
        (mark(f"Task {task.get('id', number)} of {path.name}"), row)
        for number, task in enumerate(tasks, 1)
        for row in _rows(task, question)
    ]
    names = list(dict.fromkeys(name for _, row in rows for name in row))
    columns = {name: [_location(row.get(name), path.parent) for _, row in rows] for name in names}
    frame = pd.DataFrame(columns, index=[where for where, _ in rows], dtype=object)
    if question is None and any(task.get("predictions") for task in tasks) and not _answered(tasks):
        raise DataError(
            f"{path} has predictions of a model, but no annotations. Accept or correct them in "
            "Label Studio, and export the tasks again."
        )
    return Table(frame, path, path.parent, label_column=question)


def _tasks(path: Path) -> list[dict[str, Any]]:
    if path.suffix.lower() == ".csv":
        content = text.read(path)
        frame = delimited.rows(content, path, delimiter=delimited.likely_delimiter(content))
        return [
            {str(name): _from_json(cell) for name, cell in row.items()}
            for row in frame.to_dict("records")
        ]
    tasks = json_file.loaded(path)
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
        raise DataError(
            f"{path} is JSON of no program that is known: it is not a list of tasks. Export JSON "
            "or JSON-MIN from Label Studio, COCO, or a table with the columns image and label; a "
            "file with one JSON object a line is called .jsonl."
        )
    return tasks


def _from_json(cell: Any) -> Any:
    """The value of a cell that holds an object or a list as JSON, as those of several choices."""
    if isinstance(cell, str) and cell[:1] in ("{", "["):
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(cell)
    return cell


def _rows(task: dict[str, Any], question: str | None) -> Iterator[dict[str, Any]]:
    """A row for each annotation; one without any choice has none of the question's choices."""
    nothing: dict[str, Any] = {} if question is None else {question: []}
    data = task.get("data")
    if not isinstance(data, dict):
        row = {name: _choices(value) for name, value in task.items()}
        is_empty = row.get("annotation_id") and not any(row.get(name) for name in nothing)
        yield {**row, **nothing} if is_empty else row
        return
    annotations = _annotations(task)
    answers = [answer for each in annotations if (answer := _answers(each))]
    is_empty = any(annotation.get("result") == [] for annotation in annotations)
    for answer in answers or [nothing if is_empty else {}]:
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
        if result.get("type") in ("choices", "taxonomy") and "from_name" in result
    }


def _answered(tasks: list[dict[str, Any]]) -> bool:
    return any(_answers(annotation) for task in tasks for annotation in _annotations(task))


def _choices(value: Any) -> Any:
    """A single choice as text; several stay a list. A taxonomy's choice is its path."""
    if isinstance(value, dict) and isinstance(value.get("taxonomy"), list):
        paths = [path for path in value["taxonomy"] if isinstance(path, list)]
        value = {"choices": ["/".join(map(str, path)) for path in paths]}
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
    url = urlsplit(value)
    query = parse_qs(url.query)
    if _LOCAL_FILES in url.path and "d" in query:
        return query["d"][0]
    if "fileuri" in query:  # of a bucket, through the server
        return _decoded(query["fileuri"][0])
    if _UPLOAD not in url.path:
        return value
    inside = unquote(url.path).partition(_UPLOAD)[2]
    name = inside.rpartition("/")[2]
    original = _UPLOAD_PREFIX.sub("", name)
    paths = (f"upload/{inside}", inside, f"images/{name}", name, f"images/{original}", original)
    return next((path for path in paths if os.path.lexists(folder / path)), paths[0])


def _decoded(text_in_base64: str) -> str:
    try:
        return base64.b64decode(text_in_base64 + "==", "-_").decode()
    except ValueError:
        return text_in_base64


FORM = TableFile(suffixes=(".json", ".csv"), read=_read, certainty=_certainty)
