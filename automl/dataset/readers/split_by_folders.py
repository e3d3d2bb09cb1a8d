"""Splits of the pictures of a table that lie in folders called train, test and the like."""

import os.path
from pathlib import Path

import pandas as pd

from automl.dataset.folder_splits import splits_of
from automl.dataset.readers.listing import Listing
from automl.texts import mark


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
    level = len(os.path.commonprefix(inside))  # the first at which not all lie in the same folder
    names = [folders[level] if level < len(folders) else "" for folders in inside]
    splits = {name: split for name, (split, _) in splits_of({one: one for one in names}).items()}
    if splits.keys() != {*names} or not {"train"} < {*splits.values()}:
        return found
    said = pd.Series([splits[name] for name in names], pictures.index, dtype="str")
    return found.with_splits(pictures.assign(split=said), mark("the names of the folders"))
