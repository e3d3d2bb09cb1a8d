"""From what the user points at, in any form, to one row a picture: path, label and split."""

import functools
from collections.abc import Callable, Mapping

import pandas as pd

from automl.dataset.readers import folder, forms, listing, table
from automl.dataset.readers.listing import PASSED_OVER
from automl.errors import DataError
from automl.jobs.job import DataSource

__all__ = ["PASSED_OVER", "DataError", "columns", "read"]

_DEFAULT_TARGET = "label"


def read(
    source: DataSource,
    *,
    target_column_name: str = _DEFAULT_TARGET,
    datastores: Mapping[str, str] | None = None,
    download: bool = True,
    progress: Callable[[str, int, int], None] | None = None,
) -> pd.DataFrame:
    """One row a picture, in an order that does not depend on the file system.

    `path` is absolute, also of a picture that was downloaded. `split` is missing where none is
    given. `group` is there if a group column was asked for, and missing where it is empty.
    `problem` is there for tables: why a picture could not be downloaded, in a sentence, or
    missing. What was passed over is in `attrs`: `num_other_files`, and `count` and the first
    `paths` under each of the names in `PASSED_OVER`.

    Args:
        source: where the data is, and in which form.
        target_column_name: the column of a table that holds the labels.
        datastores: the place that stands for each of Azure's datastores.
        download: whether to download pictures that lie elsewhere; those that are not here yet
            have a path without a file otherwise.
        progress: called with `Unpacking` or `Downloading`, how much of it is done, and how much
            there is (percent or pictures); may raise an error to give up.

    Raises:
        DataError: it cannot be read, with what to do.
    """
    unpacking = progress and functools.partial(progress, "Unpacking")
    downloading = progress and functools.partial(progress, "Downloading")
    with forms.opened(source, target_column_name, datastores or {}, unpacking) as data:
        if data.table is None:
            return folder.list_pictures(data.around.folder, data.walked(data.around.folder))
        return listing.of_table(
            data.table,
            table.choose(data.table, source, target_column_name),
            data.around,
            download=download,
            progress=downloading,
        )


def columns(source: DataSource, *, datastores: Mapping[str, str] | None = None) -> list[str]:
    """Names of the columns of a table, of which one holds the labels; none for a folder."""
    with forms.opened(source, _DEFAULT_TARGET, datastores or {}) as data:
        return [] if data.table is None else [str(name) for name in data.table.rows.columns]
