"""The table of pictures to label that `automl label-next` writes, and its labels once it is filled.

The column `path` has the location of a picture and `label` is for its label; the other columns are
for whoever fills it.
"""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from automl.dataset.readers import delimited, text
from automl.errors import DataError
from automl.evaluation.label_next import Suggestion
from automl.host import atomic
from automl.jobs.job import Job

_COLUMNS = ("path", "label", "guess", "probability", "second", "why")


def write(path: Path, suggestions: Iterable[Suggestion]) -> None:
    """Write the table, with empty labels."""
    table = io.StringIO(newline="")
    rows = csv.DictWriter(table, _COLUMNS)
    rows.writeheader()
    for each in suggestions:
        rows.writerow({**each.model_dump(), "label": ""})
    atomic.write_text(path, table.getvalue(), private=False)


def read(path: Path) -> dict[str, str]:
    """Label by location of the picture; rows without a label are left out.

    Raises:
        DataError: the file cannot be read, lacks a column, or has no label.
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
    return {
        str(Path(location).expanduser().absolute()): label for location, label in labels.items()
    }


def added(job: Job, tables: Iterable[Path]) -> Job:
    """The job with the pictures of filled tables; the later label of a picture counts.

    Raises:
        DataError: a table cannot be used.
    """
    pictures = dict(job.corrections.add)
    for table in tables:
        pictures.update(read(table))
    corrections = job.corrections.model_copy(update={"add": pictures})
    return job.model_copy(update={"corrections": corrections})
