"""Open what the user points at: recognise its form, unpack archives, find the table in a folder."""

import contextlib
import functools
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from automl.dataset import (
    annotation_pictures,
    archive,
    bundles,
    code_pages,
    downloads,
    public_http,
    remote_folders,
)
from automl.dataset.archive_members import names_of_unknown_code_page
from automl.dataset.bundles import Bundle
from automl.dataset.locations import Surroundings
from automl.dataset.readers import forms, json_file, picture_columns
from automl.dataset.readers.candidates import HOLDS_TABLES
from automl.dataset.readers.form import Archive, ClassFolders, Form, TableFile, Walk
from automl.dataset.readers.forms import webdataset
from automl.dataset.readers.located import Located, is_elsewhere, is_in_cloud
from automl.dataset.readers.search import Found, find_table
from automl.dataset.readers.table import Choose, Chosen, Table, choose
from automl.dataset.reading import Guess, Reading, UnclearDataError
from automl.dataset.walk import Tree, walk
from automl.errors import DataError
from automl.host import home
from automl.jobs import addresses
from automl.jobs.data_source import DataSource
from automl.texts import mark

_NUM_TRIED = 20


@dataclass(frozen=True)
class Opened:
    """A table of pictures, or else a folder whose sub-folders name the labels."""

    table: Table | None
    around: Surroundings
    """The folder of the table, or the folder itself, and limits on where locations may lead."""

    walk: Walk
    """Lists what lies below a folder; remembers the answer."""

    others: Sequence[Reading] = ()
    """Other ways to read the data."""

    guesses: Sequence[Guess] = ()
    unused: Sequence[str] = ()
    """Files that look like tables of labels and are not used, each with the reason."""

    folder: Path | None = None
    """The whole data, in which lists may say more; None for a table that was given alone."""

    archives: str = ""
    """Sentence about several archives that were put together, with a blank at its end."""


@contextmanager
def opened(
    source: DataSource,
    target_column_name: str,
    datastores: Mapping[str, str],
    unpacking: archive.Progress | None = None,
) -> Iterator[Opened]:
    """Open a data source; errors within the block name what the user gave.

    Args:
        source: path, and perhaps form, of the data.
        target_column_name: the column of a table that holds the labels.
        datastores: what stands for each of Azure's datastores.
        unpacking: called with how many percent of an archive are extracted, and 100.

    Raises:
        DataError: nothing lies there, or it cannot be read in its form.
    """
    address = addresses.of(source.path)
    if address is None or addresses.is_table(address):
        with _opened_here(source, target_column_name, datastores, unpacking) as found:
            yield found
        return
    copy = remote_folders.fetch(address)
    source = source.model_copy(update={"path": copy})
    with (
        _shown_as(public_http.shown(address), copy),
        _opened_here(source, target_column_name, datastores, unpacking) as found,
    ):
        yield found


@contextmanager
def _opened_here(
    source: DataSource,
    target_column_name: str,
    datastores: Mapping[str, str],
    unpacking: archive.Progress | None,
) -> Iterator[Opened]:
    """Open data of this machine, or a table elsewhere; see `opened`."""
    path = home.absolute(source.path)
    remembered_walk = _walk_for(source)

    def chosen(table: Table) -> Chosen:
        return choose(table, source, target_column_name)

    def searched(around: Surroundings) -> Opened:
        found = find_table(around, source, chosen, remembered_walk)
        return replace(_opened(found, around, remembered_walk), folder=around.folder)

    with _refusing_permission(path), json_file.remembered():
        if address := addresses.of(source.path):
            yield _elsewhere(address, source, datastores, remembered_walk)
            return
        form = forms.of_path(path, source)
        if source.table is not None and not isinstance(form, Archive | None):
            raise DataError(
                f"table is {source.table}, but {path} is no folder or archive that holds tables."
            )
        bundle = _bundle(path, form, source, remembered_walk)
        if isinstance(form, Archive) or bundle.parts:
            root = _extracted(path, bundle, source, remembered_walk, unpacking)
            with _shown_as(path, root):
                around = Surroundings(root, datastores, root.resolve(), source.code_page)
                data = searched(around)
                yield replace(
                    data,
                    archives=bundle.sentence,
                    others=[*data.others, *bundle.others],
                    guesses=[
                        *bundle.guesses,
                        *([] if source.code_page else _code_pages(bundle)),
                        *data.guesses,
                    ],
                )
            return
        fence = path.parent.resolve() if _is_foreign(path) else None
        around = Surroundings(path, datastores, fence, source.code_page)
        if form is None:
            yield searched(around)
        elif isinstance(form, ClassFolders):
            yield Opened(None, around, remembered_walk, folder=path)
        else:
            table = form.read(path, around)
            with contextlib.suppress(DataError):  # it is raised where the table is used
                table = _found(table, chosen, remembered_walk)
            folder = path if path.is_dir() else None
            yield replace(_opened(Found(table), around, remembered_walk), folder=folder)


def _walk_for(source: DataSource) -> Walk:
    """The function that lists what lies below a folder, and remembers the answer."""

    @functools.cache
    def listed(folder: Path) -> Tree:
        return annotation_pictures.left_out(walk(folder), source.leave_out)

    return listed


def _is_foreign(path: Path) -> bool:
    """True for data that came from elsewhere, which may not name other files of this machine."""
    caches = (home.cache_dir(name).resolve() for name in ("uploads", "remote"))
    return any(path.resolve().is_relative_to(cache) for cache in caches)


@contextmanager
def _refusing_permission(path: Path) -> Iterator[None]:
    """Raise a DataError where this user may not read."""
    try:
        yield
    except PermissionError as error:
        raise DataError(
            f"{error.filename or path} cannot be read: permission denied. "
            "Change its permissions or choose another folder."
        ) from error


def _elsewhere(
    address: str, source: DataSource, datastores: Mapping[str, str], remembered_walk: Walk
) -> Opened:
    """A table that is downloaded; its pictures lie beside it, inside of it, or at addresses.

    It is not trusted: nothing else on this machine is read.
    """
    path = downloads.fetch_table(address)
    with _shown_as(public_http.shown(address), path):
        form = forms.of_path(path, source)
        if not isinstance(form, TableFile):
            raise DataError(f"{path} is not a table. Download it, and give its path.")
        around = Surroundings(
            path, datastores, path.parent.resolve(), source.code_page, remote=address
        )
        return _opened(Found(form.read(path, around)), around, remembered_walk)


def _bundle(path: Path, form: Form | None, source: DataSource, remembered_walk: Walk) -> Bundle:
    """The archives that hold the data, if there are some."""
    if isinstance(form, Archive):
        return bundles.around_file(path, form.kind, source.parts)
    is_folder = path.is_dir() and isinstance(form, ClassFolders | None)
    # with a list of the pictures in the archives, or without any table in a form of its own
    is_open = is_folder and {*forms.with_table(path)} <= {forms.by_name()["hf_imagefolder"]}
    if not is_open:
        return Bundle([])
    return bundles.in_folder(path, remembered_walk(path), webdataset.recognise, source.parts)


def _code_pages(bundle: Bundle) -> Iterator[Guess]:
    """The guess of the code page of names in each archive."""
    for part in bundle.parts:
        names = names_of_unknown_code_page(part.path) if part.kind == "zip" else []
        what = mark("Names in {file}").format(file=part.path.name)
        guess = code_pages.as_guess(names, code_pages.guess(names), what)
        if guess is not None:
            yield guess


def _extracted(
    path: Path,
    bundle: Bundle,
    source: DataSource,
    remembered_walk: Walk,
    unpacking: archive.Progress | None,
) -> Path:
    """The content of the archives of a folder, with the files beside them; or that of a file."""
    tree = remembered_walk(path) if path.is_dir() else None
    files = [] if tree is None else bundles.files_beside(path, tree, bundle)
    find_inner = bundles.inside_archives(webdataset.recognise, source.parts)
    parts = [replace(part, code_page=source.code_page) for part in bundle.parts]
    return archive.extract_together(parts, files, find_inner=find_inner, progress=unpacking)


@contextmanager
def _shown_as(path: Path | str, root: Path) -> Iterator[None]:
    """Name the archive in errors: nobody knows the folder that it was extracted to."""
    try:
        yield
    except UnclearDataError as error:
        # a path in the cache is no choice
        readings = [one for one in error.readings if "path" not in one.options]
        raise UnclearDataError(str(error).replace(str(root), str(path)), readings) from error
    except DataError as error:
        raise DataError(str(error).replace(str(root), str(path))) from error


def _found(table: Table, choose_columns: Choose, remembered_walk: Walk) -> Table:
    """The table with paths of pictures below its folder, if what it says are no paths."""
    chosen = choose_columns(table)
    first = [str(cell) for cell in chosen.table.rows[chosen.columns.image].head(_NUM_TRIED)]
    if all(_is_there(cell, table.folder) for cell in first):
        return table
    folder = table.folder
    if folder.name.lower() in HOLDS_TABLES:
        folder = folder.parent
    located = Located.below(folder, remembered_walk)
    table, found = picture_columns.chosen_here(table, choose_columns, located)
    return located.in_table(table, found.columns.image)


def _is_there(location: str, folder: Path) -> bool:
    if is_elsewhere(location):
        return not is_in_cloud(location)
    return os.path.exists(folder / location)  # noqa: PTH110 (no error for a name that is too long)


def _opened(found: Found, around: Surroundings, remembered_walk: Walk) -> Opened:
    if found.table is not None:
        around = replace(around, folder=found.table.folder)
    return Opened(found.table, around, remembered_walk, found.others, found.guesses, found.unused)
