"""From what the user points at, in any form, to one row a picture: path, label and split.

`forms` has a module for each form; `opening` recognises and opens them; `listing` is the result.
"""

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from automl.dataset.folder_tree import Parts
from automl.dataset.readers import (
    forms,
    frames,
    label_sets,
    listing,
    named_classes,
    split_by_folders,
    split_column,
    split_lists,
    table,
)
from automl.dataset.readers.form import ClassFolders
from automl.dataset.readers.listing import LeftOut, Listing
from automl.dataset.readers.opening import Opened, opened
from automl.dataset.reading import UnclearDataError
from automl.errors import DataError
from automl.jobs import group_patterns, split_meanings
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from automl.jobs.tasks import TASKS
from automl.texts import mark

__all__ = ["LeftOut", "Listing", "columns", "read", "refuse_unreadable"]

_DEFAULT_TARGET = "label"


def read(  # noqa: PLR0913
    source: DataSource,
    *,
    target_column_name: str = _DEFAULT_TARGET,
    has_sets: bool = False,
    datastores: Mapping[str, str] | None = None,
    class_names: Mapping[str, str] | None = None,
    download: bool = True,
    progress: Callable[[str, int, int], None] | None = None,
) -> Listing:
    """List the labelled pictures of a data source.

    Args:
        source: path of the data, and perhaps its form.
        target_column_name: the column of a table that holds the labels.
        has_sets: pictures have any number of labels.
        datastores: folder or URL that stands for each of Azure's datastores.
        class_names: those of the training data, see `Listing`; for other data.
        download: False if pictures that lie elsewhere are not downloaded; those that were not
            downloaded before have a path without a file.
        progress: called with `Unpacking` or `Downloading`, how much of it is done, and how much
            there is (percent or pictures); may raise an error to give up.

    Raises:
        DataError: the data cannot be read.
    """
    unpacking = progress and functools.partial(progress, "Unpacking")
    downloading = progress and functools.partial(progress, "Downloading")
    with opened(source, target_column_name, datastores or {}, unpacking) as data:
        if data.table is None:
            class_folders = forms.by_name()["image_folder"]
            assert isinstance(class_folders, ClassFolders)
            with _naming(data.unused):
                tree = data.walk(data.around.folder)
                found = class_folders.read(data.around.folder, tree, source)
            if has_sets:
                found = replace(found, pictures=label_sets.of_one_label_each(found.pictures))
        else:
            found = listing.of_table(
                table.choose(data.table, source, target_column_name),
                data.around,
                has_sets=has_sets,
                download=download,
                progress=downloading,
            )
        found = replace(
            found,
            readings=[*found.readings, *data.others],
            guesses=[*data.guesses, *found.guesses],
            left_out=replace(found.left_out, unused=data.unused),
        )
        if data.folder is not None and source.split_column != split_column.NEVER:
            tree = data.walk(data.folder)
            meanings = split_meanings.parsed(source.split_values) if source.split_values else {}
            found = split_lists.applied(found, data.folder, tree, meanings)
            if data.table is not None:
                found = split_by_folders.applied(found, data.folder)
        found = named_classes.applied(found, *_around(data), source.class_names, class_names or {})
        if source.group_pattern is None:
            found = frames.suspected(found)
        elif source.group_pattern != group_patterns.NEVER:
            found = frames.grouped(found, source.group_pattern)
        (first, *more) = found.readings
        said = first.model_copy(update={"sentence": data.archives + first.sentence})
        others = [*more, *(other for guess in found.guesses for other in guess.others)]
        others = [one for at, one in enumerate(others) if one not in others[:at]]
        return replace(found, readings=[said, *others])


def refuse_unreadable(job: Job) -> None:
    """Read the data of a job, without what would have to be downloaded, and forget them again.

    An engine would find the same fault, but only while Ray starts.

    Raises:
        DataError: they cannot be read.
    """
    for source in (job.training_data, job.validation_data, job.test_data):
        if source is not None:
            read(
                source,
                target_column_name=job.target_column_name,
                has_sets=TASKS[job.task].has_label_sets,
                datastores=job.datastores,
                download=False,
            )


def _around(data: Opened) -> tuple[Path, Iterable[Parts]]:
    """The folder of the data or of its table, and files in it that are looked for when needed."""
    if data.folder is not None:
        return data.folder, data.walk(data.folder).other_files
    table = data.table.path if data.table else None
    folder = table if table is not None and table.is_dir() else data.around.folder
    return folder, () if data.around.remote else _files_beside(folder, table)


def _files_beside(folder: Path, table: Path | None) -> Iterator[Parts]:
    for path in folder.iterdir():
        if path != table and path.is_file():
            yield (path.name,)


@contextlib.contextmanager
def _naming(unused: Sequence[str]) -> Iterator[None]:
    """Add files that may hold the labels to what is said of a folder without them."""
    try:
        yield
    except DataError as error:
        if not unused:
            raise
        message = mark(f"{error} Labels may be in a file that is not used. {' '.join(unused)}")
        readings = error.readings if isinstance(error, UnclearDataError) else []
        raise UnclearDataError(message, readings) from None


def columns(source: DataSource, *, datastores: Mapping[str, str] | None = None) -> list[str]:
    """Names of the columns of a table, of which one holds the labels; none for a folder."""
    with opened(source, _DEFAULT_TARGET, datastores or {}) as data:
        return [] if data.table is None else [str(name) for name in data.table.rows.columns]
