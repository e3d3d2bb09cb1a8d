"""Find the table in a folder that labels its pictures, if there is one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from automl.dataset.folder_tree import Parts
from automl.dataset.layout import find_layout
from automl.dataset.locations import Surroundings
from automl.dataset.readers import candidates, forms, joined_tables, picture_columns, rivals
from automl.dataset.readers.candidates import Fitting, Tried
from automl.dataset.readers.form import Certainty, ClassFolders, Folder, TableFile, Walk
from automl.dataset.readers.located import Located
from automl.dataset.readers.rivals import Rival
from automl.dataset.readers.table import Choose, Table
from automl.dataset.reading import Guess, Reading
from automl.dataset.walk import Tree, is_hidden
from automl.errors import DataError
from automl.jobs.data_source import DataSource
from automl.texts import mark

_NEVER = "never"
_FOLDERS_ARE_CLASSES = Reading(
    sentence=mark("The folders are the classes, and no table is used."), options={"table": _NEVER}
)


@dataclass(frozen=True)
class Found:
    """The table that must be meant, and what else could be."""

    table: Table | None
    """None where the folders' names are the labels."""

    others: Sequence[Reading] = ()
    guesses: Sequence[Guess] = ()
    unused: Sequence[str] = ()
    """Files that look like tables of labels and are not used, each with the reason."""


def find_table(around: Surroundings, source: DataSource, choose: Choose, walk: Walk) -> Found:
    """Find the table that must be meant.

    Every table says how sure it is to label the pictures, and so do the folders. The surest one is
    used; between two that are about as sure and contradict each other the user has to choose.

    Args:
        around: the folder, and how far the locations in its tables may lead.
        source: says in `table` which file to use, or which of the folders name the classes.
        choose: chooses the columns of a table.
        walk: lists what lies below a folder.

    Raises:
        DataError: several tables may be meant, or the only one cannot be read.
    """
    root = around.folder
    if source.table == _NEVER or (source.table is None and _names_folders(source)):
        return Found(None)
    if source.table is not None:
        return Found(_chosen(source.table, around, choose, walk))
    base = _innermost(root)
    certain = [form for form in forms.with_table(base) if _is_certain(form, base)]
    if certain:
        return Found(certain[0].read(base, around))
    every = candidates.candidates(base)
    if not every:
        return Found(None, unused=candidates.unknown(base, len(walk(base).pictures)))
    located = Located.below(base, walk)
    tried = candidates.tried(base, every, around, choose, located)
    folders = _class_folders(walk(root), root, base)
    _ask(tried, folders)
    if not tried.fitting:
        return _without(every, tried, folders, around)
    competing = rivals.of_tables(tried.fitting, root, len(located.paths)) + (
        [folders] if folders else []
    )
    outcome = rivals.outcome_of(competing, root)
    tables = outcome.best.tables
    if not outcome.best.certainty:
        unused = [mark(f"{outcome.best.name}: its name says that it holds predictions.")]
        return Found(None, [outcome.best.reading, *outcome.others], unused=[*tried.unused, *unused])
    found = Found(None, outcome.others, outcome.guesses, tried.unused)
    if not tables:
        return _with_tables(found, base, competing, located)
    found = replace(found, table=joined_tables.joined(base, tables, located))
    return found if folders is None else _with_folders(found, outcome.best, folders)


def _with_tables(found: Found, base: Path, rivals: Sequence[Rival], located: Located) -> Found:
    """The result of class folders with the pictures of other splits, if a table labels these."""
    (folders,) = [one for one in rivals if not one.tables]
    for other in rivals:
        if other.tables and other.certainty:
            table = joined_tables.joined(base, other.tables, located)
            whole = _with_folders(replace(found, table=table), other, folders)
            if whole.table is not table:
                return whole
    return found


def _with_folders(found: Found, best: Rival, folders: Rival) -> Found:
    """The result with the pictures of other splits, if class folders label these."""
    assert found.table is not None
    whole = joined_tables.with_folders(found.table, best, folders)
    if whole is None:
        return found
    apart = (best.reading, folders.reading)
    guesses = [one for one in found.guesses if not any(each in one.others for each in apart)]
    guesses.append(joined_tables.guess(best, folders))
    return replace(found, table=whole, others=[], guesses=guesses)


def _ask(tried: Tried, folders: Rival | None) -> None:
    """Raise the question about the table that names more pictures than all that fit.

    Class folders need no table.
    """
    count, error = max(tried.asked, key=lambda pair: pair[0], default=(0, None))
    most = max((one.num_found for one in tried.fitting), default=0)
    if error is not None and folders is None and count > most:
        raise error


def _without(
    every: Sequence[candidates.Candidate], tried: Tried, folders: Rival | None, around: Surroundings
) -> Found:
    """The result if no table fits: the error of the only one, if the folders are no classes."""
    every = [one for one in every if not candidates.is_output(one.path)]
    named = [one for one in every if candidates.is_for_labels(one.path)]
    alone = named or [one for one in every if isinstance(one.form, Folder)] or every
    num_classes = len(set(folders.labels.values())) if folders else 0
    if len(alone) == 1 and num_classes < 2 and (named or not num_classes):
        return Found(alone[0].form.read(alone[0].path, around))  # the error says what it lacks
    passed_over = tried.passed_over if num_classes < 2 else ()
    return Found(None, unused=[*tried.unused, *passed_over])


def _names_folders(source: DataSource) -> bool:
    """True if an option says how folders are meant, so that the folders are."""
    levels = (source.label_level, source.group_level, source.label_pattern)
    return any(level is not None for level in levels) or source.split_folders == _NEVER


def _is_certain(form: Folder, folder: Path) -> bool:
    return form.certainty(folder) is Certainty.CERTAIN


def _chosen(names: str, around: Surroundings, choose: Choose, walk: Walk) -> Table:
    """The table that the user names, or several separated by bars."""
    root = around.folder
    located = Located.below(root, walk)
    fitting = []
    for name in names.split("|"):
        path = root / name
        if not path.resolve().is_relative_to(root.resolve()) or not path.exists():
            raise DataError(
                f"table is {name}, but there is no such file in {root}. Give its path below the "
                "folder or in the archive, or never if the folders name the classes."
            )
        forms_here = forms.with_table(path)[:1] if path.is_dir() else [forms.of_file(path)]
        form = next(iter(forms_here), None)
        if not isinstance(form, Folder | TableFile):
            raise DataError(f"table is {name}, which is no table that can be read.")
        table = form.read(path, replace(around, folder=path if path.is_dir() else path.parent))
        table, chosen = picture_columns.chosen_here(table, choose, located)
        fitting.append(Fitting(table, chosen, Certainty.CERTAIN, ()))
    return joined_tables.joined(root, fitting, located)


def _innermost(root: Path) -> Path:
    """The first folder on the way down that holds more than a single folder."""
    while True:
        inside = [child for child in root.iterdir() if not is_hidden(child.name)]
        if len(inside) != 1 or inside[0].is_symlink() or not inside[0].is_dir():
            return root
        root = inside[0]


def _are_shelves(pictures: Sequence[Parts]) -> bool:
    """True if all folders are the first letters of the pictures in them, as in `1/6/16a5.jpg`."""
    return bool(pictures) and all(
        any(
            len(parts) - at > 2 and parts[-1].startswith("".join(parts[at:-1]))
            for at in range(len(parts) - 2)
        )
        for parts in pictures
    )


def _class_folders(tree: Tree, root: Path, base: Path) -> Rival | None:
    """The reading by folders; None if it is none."""
    form = forms.by_name()["image_folder"]
    assert isinstance(form, ClassFolders)
    certainty = form.certainty(tree)
    if not certainty or _are_shelves(tree.pictures):
        return None
    layout = find_layout(tree.pictures)
    above = base.relative_to(root).parts
    labels = {
        "/".join(parts[len(above) :]): label
        for parts in tree.pictures
        if (label := layout.label(parts)) is not None
    }
    return Rival(mark("the names of the folders"), certainty, _FOLDERS_ARE_CLASSES, labels)
