"""The table of pictures to label that `automl label-next` writes, and its labels once it is filled.

The column `path` has the location of a picture and `label` is for its label; the other columns are
for whoever fills it.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import ValidationError

from automl.dataset.readers import delimited, label_sets, text
from automl.errors import DataError
from automl.evaluation.first_score import Answer
from automl.evaluation.label_next import Suggestion
from automl.host import atomic, home
from automl.jobs import job_errors
from automl.jobs.corrections import Corrections
from automl.jobs.job import Job
from automl.jobs.tasks import TASKS
from automl.texts import mark

_COLUMNS = ("path", "label", "guess", "probability", "second", "why")


def write(path: Path, suggestions: Iterable[Suggestion]) -> None:
    """Write the table, with empty labels."""
    table = io.StringIO(newline="")
    rows = csv.DictWriter(table, _COLUMNS)
    rows.writeheader()
    for each in suggestions:
        guess = (
            each.guess
            if isinstance(each.guess, str)
            else json.dumps(each.guess, ensure_ascii=False)
        )
        shown = {"guess": _as_text(guess), "second": _as_text(each.second)}
        rows.writerow({**each.model_dump(), **shown, "label": ""})
    atomic.write_text(path, table.getvalue(), private=False)


def _as_text(label: str) -> str:
    """A label that no spreadsheet takes for a formula; it is to be looked at alone."""
    return f"'{label}" if label.startswith(("=", "+", "-", "@")) else label


def read(path: Path, *, has_label_sets: bool = False) -> Mapping[str, Answer]:
    """Label by location of the picture; rows without a label are left out.

    Args:
        path: of the table.
        has_label_sets: the labels of a picture are a list, as in any table of this task; `[]` is a
            picture without any.

    Raises:
        DataError: the file cannot be read, lacks a column, has no label, or has a list that is not
            one, or a label that no picture can have.
    """
    try:
        content = text.read(path)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    delimiter = delimited.likely_delimiter(content.partition("\n")[0])
    rows = csv.DictReader(io.StringIO(content), delimiter=delimiter)
    missing = [name for name in _COLUMNS[:2] if name not in (rows.fieldnames or ())]
    if missing:
        raise DataError(
            f"{path} has no column {missing[0]}. Give a table that automl label-next has written, "
            "or one with the columns path and label."
        )
    given = {row["path"]: (row["label"] or "").strip() for row in rows}
    labels = {location: label for location, label in given.items() if label}
    if not labels:
        raise DataError(f"{path} has no label yet. Write labels into its column label.")
    places = [str(home.absolute(location)) for location in labels]
    found: Iterable[Answer] = labels.values()
    if has_label_sets:
        rows_of = [mark(f"The row of {place} in {path}") for place in places]
        found = [each or [] for each in label_sets.of_rows([*labels.values()], rows_of)]
    try:
        corrections = Corrections.model_validate({"add": dict(zip(places, found, strict=True))})
    except ValidationError as error:
        raise DataError(f"{path}: {job_errors.explain(error.errors()[0])}") from None
    return corrections.add


def added(job: Job, tables: Iterable[Path]) -> Job:
    """The job with the pictures of filled tables; the later label of a picture counts.

    Raises:
        DataError: a table cannot be used.
    """
    pictures, has_sets = dict(job.corrections.add), TASKS[job.task].has_label_sets
    for table in tables:
        pictures.update(read(table, has_label_sets=has_sets))
    corrections = job.corrections.model_copy(update={"add": pictures})
    return job.model_copy(update={"corrections": corrections})
