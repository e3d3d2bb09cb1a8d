"""A folder with one sub-folder of pictures per class, perhaps below a folder for each split."""

from pathlib import Path

import pandas as pd

from automl.dataset.layout import Layout, Parts, find_layout
from automl.dataset.readers import labels, listing
from automl.dataset.readers.form import ClassFolders
from automl.dataset.readers.listing import LeftOut, Listing
from automl.dataset.walk import Tree
from automl.errors import DataError


def _read(root: Path, tree: Tree) -> Listing:
    """One row for each picture below the root, see `automl.dataset.readers.read`."""
    layout = find_layout(tree.pictures)
    labelled = [parts for parts in tree.pictures if layout.label(parts) is not None]
    if not labelled:
        raise DataError(_why_empty(tree, root))
    pictures = pd.DataFrame(
        {
            "path": [str(root.joinpath(*parts)) for parts in labelled],
            "label": [labels.of_folder(str(layout.label(parts)), root) for parts in labelled],
            "split": pd.Series([layout.split(parts) for parts in labelled], dtype="str"),
        }
    )
    return Listing(listing.in_order(pictures), _left_out(tree, layout, root))


def _why_empty(tree: Tree, root: Path) -> str:
    if tree.pictures:
        return (
            f"The {len(tree.pictures)} pictures in {root} are not in folders named after their "
            "classes. Put the pictures of each class into a folder of its own."
        )
    what = f"only {tree.num_other_files} other files" if tree.num_other_files else "no files"
    if tree.links:
        what += f", and {len(tree.links)} links that lead out of it and are not followed"
    return (
        f"There are no pictures in {root}: it holds {what}. "
        "Give a folder with one sub-folder of pictures per class."
    )


def _left_out(tree: Tree, layout: Layout, root: Path) -> LeftOut:
    with_pictures = {parts[:-1] for parts in tree.pictures}
    with_pictures |= {parts[:end] for parts in with_pictures for end in range(len(parts))}
    strays = [parts for parts in tree.pictures if layout.label(parts) is None]
    empty_folders = [
        parts
        for parts in tree.folders
        if len(parts) == layout.label_at + 1 and parts not in with_pictures
    ]

    def paths(every: list[Parts]) -> list[str]:
        return [str(root.joinpath(*parts)) for parts in sorted(every)]

    return LeftOut(
        links=paths(tree.links),
        unnameable=paths(tree.unnameable),
        strays=paths(strays),
        empty_folders=paths(empty_folders),
        num_other_files=tree.num_other_files,
    )


FORM = ClassFolders(read=_read)
