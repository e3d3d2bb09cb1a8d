"""Tables with a row for each folder of pictures, such as a patient or a session."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

import pandas as pd

from automl.dataset.readers import group_column
from automl.dataset.readers.located import Located
from automl.dataset.readers.table import Chosen, Table
from automl.dataset.reading import Guess, Reading
from automl.texts import mark

_PICTURE = "picture"
_LEAST_SHARE = 0.9
_MAX_COLUMNS = 50


def of_pictures(table: Table, located: Located) -> Table | None:
    """The table with a row for each picture in the folders that its rows name.

    Returns:
        None if no column names folders, each in one row.
    """
    inside = _pictures_by_folder(located)
    for name in table.rows.columns[:_MAX_COLUMNS]:
        cells = [str(cell).strip() for cell in table.rows[name]]
        known = [cell for cell in cells if cell in inside]
        if len({*known}) < 2 or len({*cells}) < len(cells):
            continue
        if len(known) >= _LEAST_SHARE * len(cells):
            return _with_pictures(table, name, [inside.get(cell, ()) for cell in cells])
    return None


def name_classes(table: Table, chosen: Chosen) -> bool:
    """True if the folders of such a table are the classes, and its labels only name them."""
    num_labels = table.rows[chosen.columns.label].astype(str).nunique()
    return num_labels < 2 or 2 * num_labels > table.rows.index.nunique()


def _with_pictures(table: Table, name: str, pictures: Sequence[Sequence[str]]) -> Table:
    positions = [at for at, found in enumerate(pictures) for _ in found]
    rows = table.rows.iloc[positions]
    paths = [path for found in pictures for path in found]
    rows = rows.assign(**{_PICTURE: pd.Series(paths, rows.index, object)})
    sentence = mark("Each row is about all pictures in the folder that {name} names.")
    groups = Reading(sentence=group_column.CHOSEN.format(name=name), options={"group_column": name})
    said = Guess(sentence=sentence.format(name=name), others=[groups])
    return replace(table, rows=rows, image_column=_PICTURE, guesses=[*table.guesses, said])


def _pictures_by_folder(located: Located) -> Mapping[str, Sequence[str]]:
    """Pictures by the path of each folder above them, and by its name if no other has that."""
    by_path: dict[str, list[str]] = defaultdict(list)
    for path in sorted(located.paths):
        for folder in PurePosixPath(path).parents[:-1]:
            by_path[folder.as_posix()].append(path)
    named: dict[str, list[str]] = defaultdict(list)
    for path in by_path:
        named[PurePosixPath(path).name].append(path)
    return by_path | {name: by_path[paths[0]] for name, paths in named.items() if len(paths) == 1}
