"""One sub-folder of pictures per class."""

from collections.abc import Hashable
from pathlib import Path

import pandas as pd

from automl.dataset.layout import Layout, find_layout
from automl.dataset.readers import listing, values
from automl.dataset.walk import Tree
from automl.errors import DataError


def list_pictures(root: Path, tree: Tree) -> pd.DataFrame:
    """One row a picture of what lies below the root, see `automl.dataset.readers.read`."""
    layout = find_layout(tree.pictures)
    labelled = [parts for parts in tree.pictures if layout.label(parts) is not None]
    if not labelled:
        raise DataError(_why_empty(tree, root))
    pictures = pd.DataFrame(
        {
            "path": [str(root.joinpath(*parts)) for parts in labelled],
            "label": [_clean(str(layout.label(parts)), root) for parts in labelled],
            "split": pd.Series([layout.split(parts) for parts in labelled], dtype="str"),
        }
    )
    pictures = listing.in_order(pictures)
    pictures.attrs = _passed_over(tree, layout, root)
    return pictures


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


def _clean(name: str, root: Path) -> str:
    if not values.is_printable(name):
        raise DataError(
            f"The class folder {name!a} in {root} has an invisible character in its name. "
            "Rename the folder."
        )
    return values.composed(name)


def _passed_over(tree: Tree, layout: Layout, root: Path) -> dict[Hashable | None, object]:
    used = {parts[:-1] for parts in tree.pictures}
    used |= {parts[:end] for parts in used for end in range(len(parts))}
    found = {
        "links": tree.links,
        "unnameable": tree.unnameable,
        "strays": [parts for parts in tree.pictures if layout.label(parts) is None],
        "empty_folders": [
            parts
            for parts in tree.folders
            if len(parts) == layout.label_at + 1 and parts not in used
        ],
    }
    paths = {
        name: [str(root.joinpath(*parts)) for parts in sorted(places)]
        for name, places in found.items()
    }
    return listing.passed_over(tree.num_other_files, **paths)
