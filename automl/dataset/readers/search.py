"""Whether a folder of pictures comes with a table that says what is on them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from automl.dataset.layout import find_layout
from automl.dataset.readers import hf_imagefolder, kinds, mltable
from automl.dataset.readers.table import Table
from automl.dataset.walk import Tree
from automl.errors import DataError
from automl.jobs.job import DataType

Candidate = tuple[Path, DataType]
Load = Callable[[Path, DataType], Table]
ImageColumn = Callable[[Table], str | None]
Walk = Callable[[Path], Tree]
_LABELS = "labels"
_METADATA = "metadata"


def find_table(root: Path, load: Load, image_column: ImageColumn, walked: Walk) -> Table | None:
    """The table that must be meant; None where the folders' names are the labels.

    A table called labels or metadata outdoes the folders: who wrote one meant it. Any other one
    only counts where there are no class folders.

    Args:
        root: the folder.
        load: reads a table of a kind.
        image_column: the column of a table's pictures if it is one of pictures and their labels.
        walked: looks below a folder.

    Raises:
        DataError: several tables may be meant, or the only one cannot be read.
    """
    base = _innermost(root)
    if (base / mltable.FILE_NAME).is_file():
        return load(base, "mltable")
    named, others = _candidates(base)
    found = _fitting(named, load, image_column)
    num_classes = 0 if found else _num_classes(walked(root))
    if num_classes > 1:
        return None
    if not named:
        found = _fitting(others, load, image_column)
    if len(found) > 1:
        names = ", ".join(table.path.name for table, _ in found)
        raise DataError(f"{base} holds several tables of pictures: {names}. Give the path of one.")
    if found:
        return _with_pictures_below(*found[0], walked)
    only = named or others
    must_be_it = len(only) == 1 and (bool(named) or num_classes == 0)
    return load(*only[0]) if must_be_it else None  # and let it say what it lacks


def _innermost(root: Path) -> Path:
    """Folders that hold nothing but a folder are looked through."""
    while True:
        inside = [child for child in root.iterdir() if not child.name.startswith((".", "__MACOSX"))]
        if len(inside) != 1 or inside[0].is_symlink() or not inside[0].is_dir():
            return root
        root = inside[0]


def _candidates(base: Path) -> tuple[list[Candidate], list[Candidate]]:
    """Tables whose name says that they hold the labels, and all others."""
    named: list[Candidate] = []
    others: list[Candidate] = []
    if hf_imagefolder.is_one(base):
        named.append((base, "hf_imagefolder"))
    for path in sorted(path for path in base.iterdir() if path.is_file()):
        kind = kinds.kind_of_file(path)
        if kind in kinds.ARCHIVES or kind is None or path.stem.lower() == _METADATA:
            continue
        (named if path.stem.lower() == _LABELS else others).append((path, kind))
    return named, others


def _fitting(
    candidates: list[Candidate], load: Load, image_column: ImageColumn
) -> list[tuple[Table, str]]:
    """The tables of pictures and labels among them, and their image columns."""
    found = []
    for candidate in candidates:
        try:
            table = load(*candidate)
        except DataError:
            continue  # something else that lies there
        column = image_column(table)
        if column is not None:
            found.append((table, column))
    return found


def _num_classes(tree: Tree) -> int:
    layout = find_layout(tree.pictures)
    return len({layout.label(parts) for parts in tree.pictures} - {None})


def _with_pictures_below(table: Table, column: str, walked: Walk) -> Table:
    """Bare names that are not beside the table but in one place further down mean that place."""
    places: dict[str, list[str]] = {}
    for parts in walked(table.folder).pictures:
        places.setdefault(parts[-1], []).append("/".join(parts))

    def place(name: object) -> object:
        below = places.get(name, []) if isinstance(name, str) else []
        return below[0] if len(below) == 1 else name

    return replace(table, rows=table.rows.assign(**{column: table.rows[column].map(place)}))
