"""Several tables as one, and a table with the class folders that label what it leaves out."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from automl.dataset.readers import guesses
from automl.dataset.readers.candidates import Fitting
from automl.dataset.readers.located import Located
from automl.dataset.readers.rivals import Rival
from automl.dataset.readers.table import Table
from automl.dataset.reading import Guess
from automl.dataset.split_words import split_of_folders, split_of_path
from automl.texts import mark

_SPLIT = "split"
_LEAST_COMMON = 0.5


def joined(base: Path, tables: Sequence[Fitting], located: Located) -> Table:
    """One table, or several as one with a column of the split that their names say."""
    (first, *more) = tables
    image = first.chosen.columns.image
    if not more:
        return located.in_table(first.table, image)
    parts = []
    for one in tables:
        rows = located.in_table(one.table, one.chosen.columns.image).rows
        split = split_of_path(one.table.path)
        parts.append(rows.assign(**{_SPLIT: split}) if split else rows)
    rows = pd.concat(parts)
    split = _SPLIT if _SPLIT in rows.columns else None
    return replace(first.table, rows=rows, path=base, folder=base, split_column=split)


def with_folders(table: Table, best: Rival, folders: Rival) -> Table | None:
    """The table with rows for the pictures of other splits, which lie in class folders.

    Tiny ImageNet is kept so: class folders for training, a table for validation.

    Args:
        table: with paths below its folder.
        best: the reading that it is from.
        folders: the reading by class folders.

    Returns:
        None if the folders do not name the same classes for pictures of other splits.
    """
    columns = best.tables[0].chosen.columns
    others = {*folders.labels.values()}
    padded = _padded({*best.labels.values()}, others)
    names = {padded.get(name, name) for name in best.labels.values()}
    common = len(names & others)
    if (
        columns.label == guesses.ONE_HOT
        or columns.split is not None
        or best.labels.keys() & folders.labels.keys()
        or common < max(1, _LEAST_COMMON * min(len(names), len(others)))
    ):
        return None
    ours = [split_of_folders(str(cell)) for cell in table.rows[columns.image]]
    theirs = [split_of_folders(path) for path in folders.labels]
    if None in {*ours, *theirs} or {*ours} & {*theirs} or "train" not in {*ours, *theirs}:
        return None
    more = pd.DataFrame(
        {
            columns.image: [*folders.labels],
            columns.label: [*folders.labels.values()],
            _SPLIT: theirs,
        },
        index=[mark(f"The picture {path}") for path in folders.labels],
        dtype=object,
    )
    rows = table.rows[[columns.image, columns.label]]
    if padded:
        texts = rows[columns.label].map(lambda cell: str(cell).strip())
        rows = rows.assign(**{columns.label: texts.map(lambda text: padded.get(text, text))})
    rows = rows.assign(**{_SPLIT: pd.Series(ours, rows.index, dtype=object)})
    return replace(
        table,
        rows=pd.concat([rows, more]),
        image_column=columns.image,
        label_column=columns.label,
        split_column=_SPLIT,
    )


def _padded(names: Collection[str], others: Collection[str]) -> dict[str, str]:
    """Folder by number, if folders such as 00007 are numbers with zeros in front."""
    by_number = {int(name): name for name in others if name.isdecimal()}
    if len(by_number) < len(others) or not all(map(str.isdecimal, names)):
        return {}
    found = {name: by_number.get(int(name), name) for name in names}
    return found if any(name != folder for name, folder in found.items()) else {}


def guess(best: Rival, folders: Rival) -> Guess:
    """Finding where a table and class folders are read together."""
    sentence = mark(
        "The labels are in {name} for the pictures that it names, and in the names of the folders "
        "for the others."
    ).format(name=best.name)
    return Guess(sentence=sentence, others=[best.reading, folders.reading])
