"""Find the table in a folder that labels its pictures, if there is one."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from automl.dataset.layout import find_layout
from automl.dataset.locations import Surroundings
from automl.dataset.readers import forms
from automl.dataset.readers.form import Folder, TableFile, Walk
from automl.dataset.readers.table import Table
from automl.dataset.walk import Tree
from automl.errors import DataError

Candidate = tuple[Path, Folder | TableFile]
ImageColumn = Callable[[Table], str | None]
_LABELS = "labels"
_METADATA = "metadata"


def find_table(around: Surroundings, image_column: ImageColumn, walk: Walk) -> Table | None:
    """Find the table that must be meant; None where the folders' names are the labels.

    A file that fixes the form of its folder, for example MLTable, decides. A table called labels or
    metadata goes before class folders, as it was written for this purpose. Any other table only
    counts if there are no class folders.

    Args:
        around: the folder, and how far the locations in its tables may lead.
        image_column: the column of a table's pictures if it has one, and one of labels.
        walk: lists what lies below a folder.

    Raises:
        DataError: several tables may be meant, or the only one cannot be read.
    """
    root = around.folder
    base = _innermost(root)
    folders = forms.with_table(base)
    if folders and folders[0].file_name:
        return folders[0].read(base, around)
    named, others = _candidates(base, folders)
    tables = _fitting(named, around, image_column)
    num_classes = 0 if tables else _num_classes(walk(root))
    if num_classes > 1:
        return None
    if not named:
        tables = _fitting(others, around, image_column)
    if len(tables) > 1:
        names = ", ".join(table.path.name for table, _ in tables)
        raise DataError(f"{base} holds several tables of pictures: {names}. Give the path of one.")
    if tables:
        return _with_pictures_below(*tables[0], walk)
    candidates = named or others
    if len(candidates) == 1 and (named or num_classes == 0):
        path, form = candidates[0]
        return form.read(path, around)  # the error says what the table lacks
    return None


def _innermost(root: Path) -> Path:
    """The first folder on the way down that holds more than a single folder."""
    while True:
        inside = [child for child in root.iterdir() if not child.name.startswith((".", "__MACOSX"))]
        if len(inside) != 1 or inside[0].is_symlink() or not inside[0].is_dir():
            return root
        root = inside[0]


def _candidates(base: Path, folders: list[Folder]) -> tuple[list[Candidate], list[Candidate]]:
    """Tables whose name says that they hold the labels, and all others."""
    named: list[Candidate] = [(base, form) for form in folders]
    others: list[Candidate] = []
    for path in sorted(path for path in base.iterdir() if path.is_file()):
        form = forms.of_file(path)
        if not isinstance(form, TableFile) or path.stem.lower() == _METADATA:
            continue
        (named if path.stem.lower() == _LABELS else others).append((path, form))
    return named, others


def _fitting(
    candidates: list[Candidate], around: Surroundings, image_column: ImageColumn
) -> list[tuple[Table, str]]:
    """The candidates that have pictures and labels, and their image columns."""
    fitting = []
    for path, form in candidates:
        try:
            table = form.read(path, around)
        except DataError:
            continue  # a file for another purpose
        column = image_column(table)
        if column is not None:
            fitting.append((table, column))
    return fitting


def _num_classes(tree: Tree) -> int:
    try:
        layout = find_layout(tree.pictures)
    except DataError:  # splits without classes, or several data sets
        return 0
    return len({layout.label(parts) for parts in tree.pictures} - {None})


def _with_pictures_below(table: Table, column: str, walk: Walk) -> Table:
    """The table with paths for names of pictures of which there is exactly one below its folder."""
    by_name: dict[str, list[str]] = {}
    for parts in walk(table.folder).pictures:
        by_name.setdefault(parts[-1], []).append("/".join(parts))

    def path(name: object) -> object:
        paths = by_name.get(name, []) if isinstance(name, str) else []
        return paths[0] if len(paths) == 1 else name

    return replace(table, rows=table.rows.assign(**{column: table.rows[column].map(path)}))
