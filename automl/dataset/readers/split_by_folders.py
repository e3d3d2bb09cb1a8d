"""Splits of the pictures of a table that lie in folders called train, test and the like."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from automl.dataset.folder_splits import splits_of
from automl.dataset.readers import split_column
from automl.dataset.readers.listing import Listing, in_order


def applied(found: Listing, root: Path) -> Listing:
    """A listing with the splits that the folders of its pictures say, if it says none itself.

    Args:
        found: the listing of a table.
        root: folder of the data.
    """
    pictures = found.pictures
    if pictures["split"].notna().any():
        return found
    start = f"{root}/"
    inside = [path[len(start) :].split("/")[:-1] for path in pictures["path"]]
    if not all(path.startswith(start) for path in pictures["path"]):
        return found
    level = _first_that_differs(inside)
    names = [folders[level] if level < len(folders) else "" for folders in inside]
    splits = {name: split for name, (split, _) in splits_of({one: one for one in names}).items()}
    if splits.keys() != {*names} or not {"train"} < {*splits.values()}:
        return found
    said = [splits[name] for name in names]
    (first, *others) = found.readings
    sentence = f"{first.sentence} Splits are in the names of the folders."
    return replace(
        found,
        pictures=in_order(pictures.assign(split=pd.Series(said, pictures.index, dtype="str"))),
        readings=[
            first.model_copy(update={"sentence": sentence}),
            *others,
            split_column.NEVER_READING,
        ],
    )


def _first_that_differs(inside: Sequence[Sequence[str]]) -> int:
    """The first level of folders at which not all pictures lie in the same one."""
    level = 0
    for names in zip(*inside, strict=False):
        if len(set(names)) > 1:
            break
        level += 1
    return level
