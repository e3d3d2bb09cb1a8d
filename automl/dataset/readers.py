"""From what the user points at to one row a picture: path, label and given split."""

import unicodedata
from collections.abc import Hashable
from pathlib import Path

import pandas as pd

from automl.dataset.archive import extract_zip
from automl.dataset.errors import DataError
from automl.dataset.layout import Layout, find_layout
from automl.dataset.walk import Tree, walk
from automl.job import DataSource, DataType

__all__ = ["DataError", "read"]

SPLITS = ("train", "validation", "test")
_MAX_PATHS = 50  # pandas copies `attrs` at every step
PASSED_OVER = ("links", "unnameable", "strays", "empty_folders")
_DIRECTION_MARKS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def read(source: DataSource) -> pd.DataFrame:
    """One row a picture, in an order that does not depend on the file system.

    `split` is None where none is given. What was passed over is in `attrs`: `num_other_files`,
    and `count` and the first `paths` under each of the names in `PASSED_OVER`.
    """
    path = source.path.expanduser().absolute()
    try:
        return _read(path, source.type or _infer_type(path))
    except PermissionError as error:
        raise DataError(
            f"{error.filename or path} cannot be read: permission denied. "
            "Change its permissions or choose another folder."
        ) from error


def _infer_type(path: Path) -> DataType:
    if not path.exists():
        raise DataError(f"{path} does not exist. Check the spelling of the path.")
    if path.is_dir():
        return "image_folder"
    by_suffix: dict[str, DataType] = {".zip": "zip", ".csv": "csv", ".jsonl": "jsonl"}
    kind = by_suffix.get(path.suffix.lower())
    if kind is None:
        raise DataError(
            f"{path} is neither a folder nor a zip file. "
            "Give a folder with one sub-folder of pictures per class, or a zip file of one."
        )
    return kind


def _read(path: Path, kind: DataType) -> pd.DataFrame:
    if kind in ("mltable", "csv", "jsonl"):
        raise DataError(
            f"{path} is of type {kind}, which cannot be read yet. "
            "Give a folder with one sub-folder of pictures per class, or a zip file of one."
        )
    if not path.exists():
        raise DataError(f"{path} does not exist. Check the spelling of the path.")
    if kind == "zip":
        if path.is_dir():
            raise DataError(f"{path} is a folder, not a zip file. Set type to image_folder.")
        return _list_pictures(extract_zip(path), shown=path)
    if not path.is_dir():
        raise DataError(f"{path} is not a folder. Give a folder, or set type to zip for a zip.")
    return _list_pictures(path, shown=path)


def _list_pictures(root: Path, *, shown: Path) -> pd.DataFrame:
    tree = walk(root)
    layout = find_layout(tree.pictures)
    labelled = [parts for parts in tree.pictures if layout.label(parts) is not None]
    if not labelled:
        raise DataError(_why_empty(tree, shown))
    listing = pd.DataFrame(
        {
            "path": [str(root.joinpath(*parts)) for parts in labelled],
            "label": [_clean(str(layout.label(parts)), shown) for parts in labelled],
            "split": pd.Series([layout.split(parts) for parts in labelled], dtype="str"),
        }
    )
    listing = listing.sort_values(["split", "label", "path"], ignore_index=True)
    listing.attrs = _passed_over(tree, layout, root)
    return listing


def _why_empty(tree: Tree, shown: Path) -> str:
    if tree.pictures:
        return (
            f"The {len(tree.pictures)} pictures in {shown} are not in folders named after their "
            "classes. Put the pictures of each class into a folder of its own."
        )
    what = f"only {tree.num_other_files} other files" if tree.num_other_files else "no files"
    if tree.links:
        what += f", and {len(tree.links)} links that lead out of it and are not followed"
    return (
        f"There are no pictures in {shown}: it holds {what}. "
        "Give a folder with one sub-folder of pictures per class."
    )


def _clean(name: str, shown: Path) -> str:
    """The folder's name as label: composed Unicode, as file systems differ in this."""
    if any(character in _DIRECTION_MARKS or ord(character) < 32 for character in name):
        raise DataError(
            f"The class folder {name!a} in {shown} has an invisible character in its name. "
            "Rename the folder."
        )
    return unicodedata.normalize("NFC", name)


def _passed_over(tree: Tree, layout: Layout, root: Path) -> dict[Hashable | None, object]:
    used = {parts[:-1] for parts in tree.pictures}
    used |= {parts[:end] for parts in used for end in range(len(parts))}
    empty = [p for p in tree.folders if len(p) == layout.label_at + 1 and p not in used]
    strays = [parts for parts in tree.pictures if layout.label(parts) is None]
    found = dict(zip(PASSED_OVER, (tree.links, tree.unnameable, strays, empty), strict=True))
    counted: dict[Hashable | None, object] = {
        name: {
            "count": len(where),
            "paths": [str(root.joinpath(*parts)) for parts in sorted(where)[:_MAX_PATHS]],
        }
        for name, where in found.items()
    }
    return {"num_other_files": tree.num_other_files, **counted}
