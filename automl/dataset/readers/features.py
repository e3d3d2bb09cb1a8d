"""Hugging Face's description of a table: the names of classes, and the splits of shards."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from automl.dataset.readers import same_names
from automl.dataset.split_words import split_of_path
from automl.errors import DataError, short

_UNLABELLED = -1
_LISTS = ("Sequence", "List", "LargeList")


def of_schema(metadata: Mapping[bytes, bytes] | None) -> dict[str, Any]:
    """The features in the metadata of an Arrow schema; none if there are none that can be read."""
    try:
        described = json.loads((metadata or {}).get(b"huggingface", b"{}"))
        features = described["info"]["features"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return {}
    return features if isinstance(features, dict) else {}


def class_names(features: Mapping[str, Any]) -> dict[str, list[str]]:
    """Names by class index of each column of labels, one or a list of them in a cell."""
    labels = {
        column: feature.get("names")
        for column, feature in ((column, _of_each(each)) for column, each in features.items())
        if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
    }
    return {
        column: names
        for column, names in labels.items()
        if isinstance(names, list) and names and all(isinstance(name, str) for name in names)
    }


def label_column(features: Mapping[str, Any]) -> str | None:
    """The only column of labels, or the only one with one label in a cell."""
    named = class_names(features)
    single = [column for column in named if _of_each(features[column]) is features[column]]
    columns = single or list(named)
    return columns[0] if len(columns) == 1 else None


def _of_each(feature: Any) -> Any:
    """The feature of each entry of a list; of anything else the feature itself."""
    if isinstance(feature, list) and len(feature) == 1:
        return feature[0]
    is_list = isinstance(feature, dict) and feature.get("_type") in _LISTS
    return feature.get("feature") if is_list else feature


def labels(cells: Sequence[Any], names: Sequence[str], where: Sequence[str]) -> list[Any]:
    """The cells of a column of labels, with names in place of indices; -1 stands for none.

    Args:
        cells: class indices, or lists of them.
        names: by class index.
        where: names of the rows, for the error.

    Raises:
        DataError: an index has no name.
    """
    known = {_UNLABELLED: None, **same_names.apart(dict(enumerate(names)))}

    def named(cell: Any, row: str) -> Any:
        if isinstance(cell, list):
            return [named(each, row) for each in cell]
        if not isinstance(cell, int):
            return cell
        if cell not in known:
            raise DataError(
                f"{row} has the class {short(cell)}, but the file names only {len(names)} classes, "
                f"from 0 to {len(names) - 1}. Make the file again."
            )
        return known[cell]

    return [named(cell, row) for cell, row in zip(cells, where, strict=True)]


def splits_of(paths: Sequence[PurePath]) -> list[str | None]:
    """Split of each shard, by its name or else that of its folder; None where neither says one.

    Beside shards of splits, one whose name says none has that name in place of a split.

    In `train-00000-of-00002.parquet` and `my_set-test-000003.tar` one word is that of a split. If
    all shards are of one split other than train, that is just the name of the data.
    """
    splits = [split_of_path(path) for path in paths]
    if len(set(splits)) == 1 and set(splits) != {"train"}:
        return [None] * len(paths)
    return [split or _plain_name(path) for path, split in zip(paths, splits, strict=True)]


def _plain_name(path: PurePath) -> str:
    """Name of a shard without its number: extra for `extra-00000-of-00002.parquet`."""
    return re.sub(r"[-_.]?\d+(-of-\d+)?$", "", path.stem) or path.parent.name
