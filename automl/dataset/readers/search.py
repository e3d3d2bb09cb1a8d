"""Find the table in a folder that labels its pictures, if there is one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from automl.dataset.layout import find_layout
from automl.dataset.locations import Surroundings
from automl.dataset.readers import forms, guesses
from automl.dataset.readers.form import Folder, TableFile, Walk
from automl.dataset.readers.located import Located
from automl.dataset.readers.table import Chosen, Table
from automl.dataset.reading import Reading, UnclearDataError
from automl.dataset.split_words import split_folders, split_of_path
from automl.dataset.walk import Tree
from automl.errors import DataError

Candidate = tuple[Path, Folder | TableFile]
Choose = Callable[[Table], Chosen]
"""Chooses the columns of a table; raises a DataError if it has none of pictures, or of labels."""

_LABELS = "labels"
_METADATA = "metadata"
_LEAST_COVERED = 0.5
_SPLIT = "split"


@dataclass(frozen=True)
class Found:
    """The table that must be meant, and what else could be."""

    table: Table | None
    """None where the folders' names are the labels."""

    others: tuple[Reading, ...] = ()
    unused: tuple[str, ...] = ()
    """Files that look like tables of labels and are not used, each with the reason."""


@dataclass(frozen=True)
class _Fitting:
    """A table with pictures and labels."""

    table: Table
    chosen: Chosen
    covered: float
    """Share of the pictures below the folder that it names."""

    @property
    def labels_pictures(self) -> bool:
        """True if it labels most pictures, with more than one label."""
        label = self.chosen.columns.label
        is_named = self.table.label_column == label or guesses.is_named_like_labels(label)
        labels = self.chosen.table.rows[label]
        return self.covered >= _LEAST_COVERED and is_named and labels.astype(str).nunique() > 1


def find_table(around: Surroundings, choose: Choose, walk: Walk) -> Found:
    """Find the table that must be meant.

    A file that fixes the form of its folder, for example MLTable, decides. A table called labels or
    metadata goes before class folders, as it was written for this purpose, and so does one that
    labels most of the pictures. Any other table only counts if there are no class folders.

    Args:
        around: the folder, and how far the locations in its tables may lead.
        choose: chooses the columns of a table.
        walk: lists what lies below a folder.

    Raises:
        DataError: several tables may be meant, or the only one cannot be read.
    """
    root = around.folder
    base = _innermost(root)
    folders = forms.with_table(base)
    if folders and folders[0].file_name:
        return Found(folders[0].read(base, around))
    candidates: list[Candidate] = [(base, form) for form in folders] or _candidates(base)
    if not candidates:
        return Found(None)
    located = Located.below(base, walk)
    fitting, unused = _fitting(candidates, around, choose, located)
    num_classes = _num_classes(walk(root))
    by_purpose = [one for one in fitting if _is_for_labels(one.table.path, base)]
    usable = by_purpose or [one for one in fitting if num_classes < 2 or one.labels_pictures]
    if usable:
        table = located.in_table(*_joined(base, usable))
        folders_are_classes = Reading(
            sentence="The folders are the classes, and the table is not used.",
            options={"type": "image_folder"},
        )
        return Found(table, (folders_are_classes,) if num_classes > 1 else ())
    named = [candidate for candidate in candidates if _is_for_labels(candidate[0], base)]
    alone = named or candidates
    if len(alone) == 1 and num_classes < 2 and (named or num_classes == 0):
        path, form = alone[0]
        return Found(form.read(path, around))  # the error says what the table lacks
    others = (
        Reading(
            sentence=f"The labels are in the table {one.table.path.name}.",
            options={"path": str(one.table.path)},
        )
        for one in fitting
    )
    return Found(None, tuple(others), tuple(unused))


def _innermost(root: Path) -> Path:
    """The first folder on the way down that holds more than a single folder."""
    while True:
        inside = [child for child in root.iterdir() if not child.name.startswith((".", "__MACOSX"))]
        if len(inside) != 1 or inside[0].is_symlink() or not inside[0].is_dir():
            return root
        root = inside[0]


def _candidates(base: Path) -> list[Candidate]:
    """Tables in the folder, or else in its folders for splits."""
    for places in ([base], split_folders(base)):
        found: list[Candidate] = []
        for path in sorted(path for place in places for path in place.iterdir() if path.is_file()):
            form = forms.of_file(path)
            is_hidden = path.name.startswith(".")
            if isinstance(form, TableFile) and path.stem.lower() != _METADATA and not is_hidden:
                found.append((path, form))
        if found:
            return found
    return []


def _is_for_labels(path: Path, base: Path) -> bool:
    return path == base or path.stem.lower() in (_LABELS, "_classes", "_annotations.coco")


def _fitting(
    candidates: list[Candidate], around: Surroundings, choose: Choose, located: Located
) -> tuple[list[_Fitting], list[str]]:
    """The candidates that have pictures and labels; and why others that should have do not."""
    fitting, unused = [], []
    for path, form in candidates:
        try:
            table = form.read(path, replace(around, folder=path.parent))
            chosen = choose(table)
        except DataError as error:
            if path.stem.lower() == _LABELS:
                unused.append(f"{path.name}: {error}")
            continue  # a file for another purpose
        cells = chosen.table.rows[chosen.columns.image].tolist()
        fitting.append(_Fitting(table, chosen, located.share_of(cells, table.folder)))
    return fitting, unused


def _joined(base: Path, usable: Sequence[_Fitting]) -> tuple[Table, str]:
    """The only table, or the tables of the splits as one, with the column of the pictures.

    Raises:
        UnclearDataError: there are several that are not of different splits.
    """
    best = max(one.covered for one in usable)
    if best:
        usable = [one for one in usable if one.covered]
    (first, *more) = usable
    if not more:
        return first.table, first.chosen.columns.image
    splits = [split_of_path(one.table.path) for one in usable]
    images = {one.chosen.columns.image for one in usable}
    if None in splits or len(set(splits)) < 2 or len(images) > 1:
        names = ", ".join(one.table.path.name for one in usable)
        raise UnclearDataError(
            f"{base} holds several tables of pictures: {names}. Give the path of one.",
            [
                Reading(
                    sentence=f"The table {one.table.path.name}.",
                    options={"path": str(one.table.path)},
                )
                for one in usable
            ],
        )
    (image,) = images
    parts = []
    for one, split in zip(usable, splits, strict=True):
        inside = one.table.folder.relative_to(base).as_posix()
        prefix = "" if inside == "." else f"{inside}/"
        rows = one.table.rows
        cells = [f"{prefix}{cell}" if isinstance(cell, str) else cell for cell in rows[image]]
        named = pd.Series(cells, index=rows.index, dtype=object)
        parts.append(rows.assign(**{image: named, _SPLIT: split}))
    return (
        replace(first.table, rows=pd.concat(parts), path=base, folder=base, split_column=_SPLIT),
        image,
    )


def _num_classes(tree: Tree) -> int:
    try:
        layout = find_layout(tree.pictures)
    except DataError:  # splits without classes, or several data sets
        return 0
    return len({layout.label(parts) for parts in tree.pictures} - {None})
