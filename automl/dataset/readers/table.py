"""Rows of a table in any form, and the choice of the columns that are used."""

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
"""Names of the column with the location of the picture, in any case, the most likely one first."""

_MAX_NAMED = 20


@dataclass(frozen=True)
class Table:
    """Rows, and the columns that the form of the data fixes."""

    rows: pd.DataFrame
    """Python objects; the index names each row: `Row 3 of labels.csv`."""

    path: Path
    """The file, or the folder with several files."""

    folder: Path
    """Folder that locations are relative to."""

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
    """True if a word in the split column that is not understood is an error."""


def choose(table: Table, source: DataSource, target_column_name: str) -> Columns:
    """Choose the columns: those that the job names, that the form fixes, or with a likely name.

    Raises:
        DataError: a column is missing; the message lists the columns of the table.
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


def _image(table: Table, image_column: str | None) -> str:
    advice = "Set image_column to the one with the locations of the pictures."
    named = _existing(table, image_column, advice) or table.image_column
    named = named or _likely(table.rows.columns)
    if named is None:
        raise DataError(
            f"{table.path} has no column that is named like one of pictures, for example "
            f"image_url or file_name; {_columns(table)}. {advice}"
        )
    return named


def _likely(names: Iterable[str]) -> str | None:
    by_name = {name.lower(): name for name in reversed(list(names))}
    return next((by_name[name] for name in IMAGE_NAMES if name in by_name), None)


def _label(table: Table, target_column_name: str) -> str:
    if table.label_column is not None and target_column_name not in table.rows.columns:
        return table.label_column
    advice = "Set target_column_name to the one that holds the labels."
    return _existing(table, target_column_name, advice) or target_column_name


def _existing(table: Table, name: str | None, advice: str) -> str | None:
    if name is not None and name not in table.rows.columns:
        raise DataError(f"{table.path} has no column {name}; {_columns(table)}. {advice}")
    return name


def _columns(table: Table) -> str:
    names = list(table.rows.columns)
    more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
    return "its columns are " + (", ".join(names[:_MAX_NAMED]) + more if names else "none")
