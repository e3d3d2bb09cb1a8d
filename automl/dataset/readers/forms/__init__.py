"""All forms in which labelled pictures come, one module each, and which of them a path has."""

import functools
import importlib
import pkgutil
from pathlib import Path

from automl.dataset import file_kinds
from automl.dataset.readers.form import (
    Archive,
    Certainty,
    ClassFolders,
    Folder,
    Form,
    TableFile,
)
from automl.errors import DataError
from automl.jobs.data_source import DataSource
from automl.texts import mark


@functools.cache
def by_name() -> dict[str, Form]:
    """Every form under its name, which is that of its module."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"{__name__}.{name}").FORM for name in names}


def of_file(path: Path) -> TableFile | Archive | None:
    """The form that is surest of a file, by its name and content; None if no form takes it."""
    name = path.name.lower()
    fitting = [
        form
        for form in by_name().values()
        if isinstance(form, TableFile | Archive) and name.endswith(form.suffixes)
    ]
    sure = [(_certainty(form, path), form) for form in fitting]
    certainty, best = max(sure, key=lambda pair: pair[0], default=(Certainty.NO, None))
    return best if certainty else None


def _certainty(form: TableFile | Archive, path: Path) -> Certainty:
    try:
        return form.certainty(path)
    except DataError:  # it cannot be read so
        return Certainty.NO


def with_table(folder: Path) -> list[Folder]:
    """Folder forms whose files are in the folder; only one if its files leave no doubt."""
    forms = [form for form in by_name().values() if isinstance(form, Folder)]
    sure = [(form.certainty(folder), form) for form in forms]
    certain = [form for certainty, form in sure if certainty is Certainty.CERTAIN]
    return certain[:1] or [form for certainty, form in sure if certainty]


def of_path(path: Path, source: DataSource) -> Form | None:
    """Form of what lies at a path: `source.type`, or else what is recognised.

    Returns:
        None for a folder without `source.type`, in which a table may be found.

    Raises:
        DataError: nothing lies there, it is not of `source.type`, or of no known form.
    """
    if not path.exists():
        raise DataError(f"{path} does not exist. Check the spelling of the path.")
    if source.type is None:
        return None if path.is_dir() else _recognised(path)
    form = by_name()[source.type]
    is_archive = isinstance(form, Archive)
    if path.is_dir() and isinstance(form, TableFile | Archive):
        advice = (
            mark("Set type to image_folder") if is_archive else mark("Give the path of the file")
        )
        raise DataError(
            f"{path} is a folder, not a {source.type} file. {advice}, or leave type out."
        )
    if not path.is_dir() and isinstance(form, Folder | ClassFolders) and not _names(path, form):
        raise DataError(
            f"{path} is not a folder, as {source.type} is. Give a folder, set type to zip or tar "
            "for an archive of one, or leave type out."
        )
    return form


def _recognised(path: Path) -> Form:
    named = (form for form in by_name().values() if _names(path, form))
    form = next(named, None) or of_file(path)
    kind = file_kinds.kind_of(path)
    if kind and (form is None or (kind.is_substitute and isinstance(form, TableFile))):
        raise DataError(f"{path} is in no form that is read. {kind}")
    if form is None:
        raise DataError(
            f"{path} is in no form that is known. Give a folder with one sub-folder of pictures "
            "per class, a zip or tar file of one, a table (CSV, TSV, Parquet, JSONL) of pictures "
            "and labels, or a folder with an MLTable file."
        )
    return form


def _names(path: Path, form: Form) -> bool:
    """True if the path is that of the file which makes its folder one of this form."""
    return isinstance(form, Folder) and path.name == form.file_name
