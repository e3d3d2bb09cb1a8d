"""Rows of a table, whatever it was written in, and which of its columns says what."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from automl.errors import DataError
from automl.jobs.job import DataSource

IMAGE_NAMES = (
    *("image_url", "image_uri", "image_path", "image_file", "image_filename", "image", "img"),
    *("img_path", "file_path", "filepath", "file_name", "filename", "file", "uri", "url", "path"),
)
"""Names of the column that says where the picture is, in any case; the first one found counts."""

_MAX_NAMED = 20


@dataclass(frozen=True)
class Table:
    """The rows, and what the form says by itself about the columns."""

    rows: pd.DataFrame
    """Python objects; the index says where a row stands: `Row 3 of labels.csv`."""

    path: Path
    """The file, or the folder of several."""

    folder: Path
    """What locations are relative to."""

    image_column: str | None = None
    label_column: str | None = None
    split_column: str | None = None


@dataclass(frozen=True)
class Columns:
    """The names of the columns that are used."""

    image: str
    label: str
    split: str | None
    group: str | None

    splits_are_certain: bool
    """Whether every word of the split column must be understood."""


def choose(table: Table, source: DataSource, target_column_name: str) -> Columns:
    """What was asked for, what the form says, or what is named like it.

    Raises:
        DataError: a column is missing; says which ones there are.
    """
    split = _existing(table, source.split_column, "Set split_column to one of them.")
    likely = next((name for name in table.rows.columns if name.lower() == "split"), None)
    return Columns(
        image=_image(table, source.image_column),
        label=_label(table, target_column_name),
        split=split or table.split_column or likely,
        group=_existing(table, source.group_column, "Set group_column to one of them."),
        splits_are_certain=split is not None or table.split_column is not None,
    )


def _image(table: Table, wanted: str | None) -> str:
    advice = "Set image_column to the one that says where the pictures are."
    named = _existing(table, wanted, advice) or table.image_column or _named(table.rows.columns)
    if named is None:
        raise DataError(
            f"{table.path} has no column that is named like one of pictures, such as image_url or "
            f"file_name; {_columns(table)}. {advice}"
        )
    return named


def _named(names: Iterable[str]) -> str | None:
    by_name = {name.lower(): name for name in reversed(list(names))}
    return next((by_name[name] for name in IMAGE_NAMES if name in by_name), None)


def _label(table: Table, wanted: str) -> str:
    if table.label_column is not None and wanted not in table.rows.columns:
        return table.label_column
    advice = "Set target_column_name to the one that holds the labels."
    return _existing(table, wanted, advice) or wanted


def _existing(table: Table, name: str | None, advice: str) -> str | None:
    if name is not None and name not in table.rows.columns:
        raise DataError(f"{table.path} has no column {name}; {_columns(table)}. {advice}")
    return name


def _columns(table: Table) -> str:
    names = list(table.rows.columns)
    more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
    return "its columns are " + (", ".join(names[:_MAX_NAMED]) + more if names else "none")
