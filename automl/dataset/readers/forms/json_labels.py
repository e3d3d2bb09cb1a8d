"""JSON of labels by picture, or of pictures by label; exports of FiftyOne, Datumaro, VoTT."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from automl.dataset.locations import Surroundings
from automl.dataset.readers import guesses, json_file, nested, questions, same_names
from automl.dataset.readers.form import Certainty, TableFile
from automl.dataset.readers.table import Table
from automl.dataset.split_words import split_in
from automl.dataset.walk import is_picture_name
from automl.errors import DataError, short
from automl.texts import mark

_LABEL, _SPLIT = "label", "split"
_LEAST_SHARE = 0.9
_NUM_LOOKED_AT = 200

_Pairs = Iterator[tuple[str, Any]]
"""Name of a picture, and its label, a list of them, or None."""


def _certainty(path: Path) -> Certainty:
    """Likely if the content has one of the shapes; possible if its keys can be ids."""
    content = json_file.content(path)
    if isinstance(content, list):
        return Certainty.LIKELY if _of_rows(content) else Certainty.NO
    if not isinstance(content, dict):
        return Certainty.NO
    if _shape(content) or _records(content):
        return Certainty.LIKELY
    return Certainty.POSSIBLE if _of_ids(content) else Certainty.NO


def _read(path: Path, _: Surroundings) -> Table:
    """The table of a file, with a row for each picture."""
    content = json_file.loaded(path)
    shape = _shape(content) if isinstance(content, dict) else None
    try:
        if shape is not None:
            pairs = list(shape(content))
            rows = [
                (mark(f"Picture {name} of {path.name}"), name, {_LABEL: one}) for name, one in pairs
            ]
            return questions.as_table(rows, path, _LABEL)
        if isinstance(content, dict):
            records = _records(content) or _of_ids(content)
        else:
            records = _of_rows(content)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise DataError(
            f"{path} is not whole: {error} is missing or wrong. Export it again."
        ) from None
    if records is None:
        raise DataError(
            f"{path} is JSON of no shape that is known. Write an object of labels by the names of "
            'pictures, {"1.jpg": "cat"}, or a table with the columns image and label.'
        )
    index = [mark(f"Object {number} of {path.name}") for number in range(1, len(records) + 1)]
    return Table(pd.DataFrame(records, index=index, dtype=object), path, path.parent)


def _shape(content: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], _Pairs] | None:
    """The function that reads an object, by its keys and values."""
    if isinstance(content.get("classes"), list) and isinstance(content.get("labels"), dict):
        return _of_fiftyone
    if isinstance(content.get("items"), list) and isinstance(content.get("categories"), dict):
        return _of_datumaro
    if isinstance(content.get("assets"), dict) and isinstance(content.get("tags"), list):
        return _of_vott
    first = list(content.values())[:_NUM_LOOKED_AT]
    if _are_pictures(list(content)) and all(
        isinstance(one, str | int | list | None) for one in first
    ):
        return lambda by_name: iter(by_name.items())
    is_by_label = first and all(isinstance(one, list) and _are_pictures(one) for one in first)
    if is_by_label and not all(split_in(label) for label in content):
        return _of_pictures_by_label
    return None


def _of_fiftyone(content: Mapping[str, Any]) -> _Pairs:
    classes = same_names.apart(dict(enumerate(map(str, content["classes"]))))
    for name, found in content["labels"].items():
        numbers = found if isinstance(found, list) else [found]
        labels = [_named(classes, one, name) for one in numbers if one is not None]
        yield name, None if found is None else labels


def _of_datumaro(content: Mapping[str, Any]) -> _Pairs:
    labels = content["categories"]["label"]["labels"]
    classes = same_names.apart({number: str(one["name"]) for number, one in enumerate(labels)})
    for item in content["items"]:
        found = [one["label_id"] for one in item["annotations"] if "label_id" in one]
        name = item.get("image", {}).get("path") or item["id"]
        yield name, list(dict.fromkeys(_named(classes, number, name) for number in found))


def _of_vott(content: Mapping[str, Any]) -> _Pairs:
    for found in content["assets"].values():
        tags = [tag for region in found["regions"] for tag in region["tags"]]
        yield found["asset"]["name"], list(dict.fromkeys(map(str, tags)))


def _named(classes: Mapping[int, str], number: Any, picture: str) -> str:
    """Name of a class.

    Raises:
        DataError: the number has none.
    """
    if number not in classes:
        raise DataError(
            f"Picture {picture} has the class {short(number)}, but the file names only "
            f"{len(classes)} classes, from 0 to {len(classes) - 1}. Export it again."
        )
    return classes[number]


def _of_pictures_by_label(content: Mapping[str, Any]) -> _Pairs:
    labels: dict[str, list[str]] = {}
    for label, names in content.items():
        for name in names:
            labels.setdefault(str(name), []).append(label)
    return iter(labels.items())


def _records(content: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The objects of pictures, under their names or in the only such list; None without any."""
    objects = [value for value in content.values() if isinstance(value, dict)]
    if objects and len(objects) == len(content) and _are_pictures(list(content)):
        return [{"file_name": name, **value} for name, value in content.items()]
    if found := _of_columns(content) or _of_rows_by_split(content):
        return found
    lists = [value for value in content.values() if isinstance(value, list) and value]
    by_split = [
        {_SPLIT: split, **one}
        for split, found in content.items()
        if split_in(split) and isinstance(found, list)
        for one in found
        if isinstance(one, dict)
    ]
    if by_split and len(by_split) == sum(map(len, lists)):
        return by_split
    tables = [each for each in lists if all(isinstance(one, dict) for one in each)]
    named = [each for each in tables if _has_pictures(each)]
    return named[0] if len(named) == 1 else None


def _has_pictures(objects: Sequence[dict[str, Any]]) -> bool:
    some = pd.DataFrame(objects[:_NUM_LOOKED_AT], dtype=object)
    return guesses.picture_column(nested.flattened(some)[0]) is not None


def _of_columns(content: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The rows of columns, as pandas writes them: lists, values by row, or `columns` and `data`."""
    names, data = content.get("columns"), content.get("data")
    if isinstance(names, list) and isinstance(data, list):
        are_rows = all(isinstance(row, list) and len(row) == len(names) for row in data)
        return [dict(zip(map(str, names), row, strict=True)) for row in data] if are_rows else None
    values = [
        list(one.values()) if isinstance(one, dict) else one
        for one in content.values()
        if isinstance(one, dict | list)
    ]
    is_even = len({len(one) for one in values}) == 1 and len(values) == len(content) > 1
    if not is_even or not any(_are_pictures(one) for one in values):
        return None
    return [dict(zip(content, row, strict=True)) for row in zip(*values, strict=True)]


def _of_rows(content: Sequence[Any]) -> list[dict[str, Any]] | None:
    """Rows without names of columns, such as `["1.jpg", "cat"]`."""
    rows = [row for row in content if isinstance(row, list)]
    is_even = len(rows) == len(content) > 0 and len({len(row) for row in rows}) == 1
    if not is_even or len(rows[0]) < 2 or not any(map(_are_pictures, zip(*rows, strict=True))):
        return None
    names = [f"Column{at}" for at in range(1, len(rows[0]) + 1)]
    if len(names) == 2:
        is_picture_first = _are_pictures([row[0] for row in rows])
        names = ["path", _LABEL] if is_picture_first else [_LABEL, "path"]
    return [dict(zip(names, row, strict=True)) for row in rows]


def _of_rows_by_split(content: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Rows without names of columns in a list for each split."""
    found = {split: _of_rows(rows) for split, rows in content.items() if isinstance(rows, list)}
    are_rows = all(rows or not content[split] for split, rows in found.items())
    if not found or len(found) < len(content) or not are_rows or not all(map(split_in, found)):
        return None
    return [{_SPLIT: split, **row} for split, rows in found.items() for row in rows or ()]


def _of_ids(content: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The labels or objects of ids of pictures: names with digits, and labels that repeat."""
    values = list(content.values())
    if not all(any(map(str.isdigit, key)) for key in content):
        return None
    if values and all(isinstance(one, dict) for one in values):
        return [{"id": key, **value} for key, value in content.items()]
    distinct = {str(one) for one in values}
    are_labels = all(isinstance(one, str) for one in values) and 2 * len(distinct) <= len(values)
    return [{"id": key, _LABEL: value} for key, value in content.items()] if are_labels else None


def _are_pictures(names: Sequence[Any]) -> bool:
    first = names[:_NUM_LOOKED_AT]
    named = sum(isinstance(name, str) and is_picture_name(name) for name in first)
    return bool(first) and named >= _LEAST_SHARE * len(first)


FORM = TableFile(
    suffixes=(".json", ".labels"),  # Edge Impulse's info.labels
    read=_read,
    certainty=_certainty,
    is_loose=True,
)
