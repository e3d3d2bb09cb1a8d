"""From a table to one row a picture."""

from collections.abc import Callable, Hashable

import pandas as pd

from automl.dataset import locations
from automl.dataset.readers import values
from automl.dataset.readers.table import Columns, Table
from automl.errors import DataError

PASSED_OVER = ("links", "unnameable", "strays", "empty_folders", "unlabelled")
MAX_PATHS = 50  # pandas copies `attrs` at every step


def in_order(listing: pd.DataFrame) -> pd.DataFrame:
    """An order that does not depend on where the rows came from."""
    return listing.sort_values(["split", "label", "path"], ignore_index=True)


def passed_over(num_other_files: int, **paths: list[str]) -> dict[Hashable | None, object]:
    """What `attrs` say, from the paths that were left out under some of the names."""
    counted: dict[Hashable | None, object] = {
        name: {"count": len(found), "paths": found[:MAX_PATHS]}
        for name in PASSED_OVER
        for found in [paths.get(name, [])]
    }
    return {"num_other_files": num_other_files, **counted}


def of_table(
    table: Table,
    columns: Columns,
    around: locations.Surroundings,
    *,
    download: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """One row for each picture and label, see `automl.dataset.readers.read`."""
    rows = _rows(table, columns)
    if rows.empty:
        raise DataError(f"{table.path} has no rows. Write one for each picture.")
    labelled = rows["label"].notna()
    if not labelled.any():
        raise DataError(
            f"None of the {len(rows):,} rows of {table.path} has a label in the column "
            f"{columns.label}. Set target_column_name to the one that holds the labels."
        )
    listing = rows[labelled].reset_index(drop=True)
    found = _find(listing, around, download=download, progress=progress)
    listing["path"] = found.paths
    listing["problem"] = pd.Series(found.problems, dtype="str")
    listing = listing.drop(columns=["picture", "row"])
    listing = in_order(listing.drop_duplicates(["path", "label", "split"]))
    unlabelled = _find(rows[~labelled], around, download=False)
    listing.attrs = passed_over(0, unlabelled=unlabelled.paths)
    return listing


def _rows(table: Table, columns: Columns) -> pd.DataFrame:
    """Text in all columns; `picture` is the location, and empty where there is none."""
    where = [str(row) for row in table.rows.index]
    splits: list[str | None] = [None] * len(where)
    if columns.split is not None:
        given = table.rows[columns.split].tolist()
        splits = values.splits(given, where, certain=columns.splits_are_certain)
    found = {
        "picture": values.locations(table.rows[columns.image].tolist(), where),
        "row": where,
        "label": values.labels(table.rows[columns.label].tolist(), where),
        "split": splits,
    }
    if columns.group is not None:
        found["group"] = values.groups(table.rows[columns.group].tolist(), where)
    return pd.DataFrame(found, dtype="str")


def _find(
    rows: pd.DataFrame,
    around: locations.Surroundings,
    *,
    download: bool,
    progress: Callable[[int, int], None] | None = None,
) -> locations.Found:
    """A row that names no picture gets a path that says so and does not exist."""
    named = rows["picture"] != ""
    pictures = rows["picture"].where(named, rows["row"].str.replace("/", "_"))
    found = locations.find(
        pictures.tolist(), rows["row"].tolist(), around, download=download, progress=progress
    )
    problems = zip(found.problems, named, strict=True)
    silent = "The row names no picture."
    return locations.Found(found.paths, [problem if ok else silent for problem, ok in problems])
