"""In which of the forms the data comes, found out from names and contents."""

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from automl.dataset import archive
from automl.dataset.locations import Surroundings
from automl.dataset.readers import delimited, hf_imagefolder, mltable
from automl.dataset.readers.jsonl import read_jsonl
from automl.dataset.readers.kinds import kind_of
from automl.dataset.readers.label_studio import read_label_studio
from automl.dataset.readers.parquet import read_parquet
from automl.dataset.readers.search import Walk, find_table
from automl.dataset.readers.table import Table, choose
from automl.dataset.walk import walk
from automl.errors import DataError
from automl.host import home
from automl.jobs.job import DataSource, DataType

_TABLES: dict[DataType, Callable[[Path], Table]] = {
    "csv": delimited.read_csv,
    "tsv": delimited.read_tsv,
    "parquet": read_parquet,
    "jsonl": read_jsonl,
    "label_studio": read_label_studio,
    "vertex_csv": delimited.read_vertex,
    "hf_imagefolder": hf_imagefolder.read_hf_imagefolder,
}


@dataclass(frozen=True)
class Opened:
    """A table of pictures, or else a folder of them."""

    table: Table | None
    around: Surroundings
    """Of the table, or the folder itself."""

    walked: Walk
    """Looks below a folder, once however often it is asked."""


@contextmanager
def opened(
    source: DataSource,
    target_column_name: str,
    datastores: Mapping[str, str],
    unpacking: archive.Progress | None = None,
) -> Iterator[Opened]:
    """The data in the form that is given or found; errors within name what the user gave.

    Raises:
        DataError: it is in no form that is known, or not in the one that was given.
    """
    path = source.path.expanduser().absolute()
    walked: Walk = functools.cache(walk)
    try:
        kind = kind_of(path, source)
        if kind == "zip" or kind == "tar":
            root = archive.extract(path, kind, progress=unpacking)
            around = Surroundings(root, datastores, fence=root.resolve())
            with _shown_as(path, root):
                yield _searched(around, source, target_column_name, walked)
            return
        is_upload = path.resolve().is_relative_to(home.cache_dir("uploads").resolve())
        fence = path.parent.resolve() if is_upload else None
        around = Surroundings(path, datastores, fence)
        if source.type is None and path.is_dir():
            yield _searched(around, source, target_column_name, walked)
        else:
            table = None if kind == "image_folder" else _load(path, kind, around)
            yield _opened(around, table, walked)
    except PermissionError as error:
        raise DataError(
            f"{error.filename or path} cannot be read: permission denied. "
            "Change its permissions or choose another folder."
        ) from error


@contextmanager
def _shown_as(path: Path, root: Path) -> Iterator[None]:
    """Nobody knows the folder that their archive was extracted to."""
    try:
        yield
    except DataError as error:
        raise DataError(str(error).replace(str(root), str(path))) from error


def _searched(
    around: Surroundings, source: DataSource, target_column_name: str, walked: Walk
) -> Opened:
    def image_column(table: Table) -> str | None:
        try:
            return choose(table, source, target_column_name).image
        except DataError:
            return None

    def load(path: Path, kind: DataType) -> Table:
        return _load(path, kind, around)

    return _opened(around, find_table(around.folder, load, image_column, walked), walked)


def _opened(around: Surroundings, table: Table | None, walked: Walk) -> Opened:
    where = around if table is None else replace(around, folder=table.folder)
    return Opened(table, where, walked)


def _load(path: Path, kind: DataType, around: Surroundings) -> Table:
    if kind == "mltable":
        folder = path if path.is_dir() else path.parent
        return mltable.read_mltable(folder, replace(around, folder=folder))
    return _TABLES[kind](path)
