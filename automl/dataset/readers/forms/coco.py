"""COCO's JSON: images, categories, and annotations that give an image its categories."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from automl.dataset.locations import Surroundings
from automl.dataset.readers import json_file, same_names
from automl.dataset.readers.form import Certainty, TableFile
from automl.dataset.readers.table import Table
from automl.errors import DataError, short
from automl.texts import mark

_KEYS = ("images", "annotations", "categories")
_MAX_SHOWN = 10


def _certainty(path: Path) -> Certainty:
    """Likely if the file has the keys of COCO."""
    content = json_file.content(path)
    is_coco = isinstance(content, dict) and all(key in content for key in _KEYS)
    return Certainty.LIKELY if is_coco else Certainty.NO


def _read(path: Path, _: Surroundings) -> Table:
    """The table of a file: a row for each image, with the name of its only category.

    An image with several categories has a list of them, one without annotation an empty one.
    """
    try:
        content = json_file.loaded(path)
        names = {item["id"]: str(item["name"]) for item in _items(content, "categories")}
        used = _used(content, names, path)
        categories = same_names.apart({key: name for key, name in names.items() if key in used})
        named: dict[Any, dict[str, None]] = defaultdict(dict)
        for item in _items(content, "annotations"):
            named[item["image_id"]][categories[item["category_id"]]] = None
        images = [(item["id"], _location(item)) for item in _items(content, "images")]
    except (KeyError, TypeError) as error:
        raise DataError(
            f"{path} is not a whole COCO file: {error} is missing or wrong. Export it again."
        ) from None
    cells = []
    for image_id, name in images:
        labels = list(named[image_id])
        cells.append((name, labels[0] if len(labels) == 1 else labels))
    index = [mark(f"Image {image_id} of {path.name}") for image_id, _ in images]
    frame = pd.DataFrame(cells, index=index, columns=["file_name", "category"], dtype=object)
    return Table(frame, path, path.parent, "file_name", "category")


def _used(content: dict[str, Any], names: Mapping[Any, str], path: Path) -> set[Any]:
    """Categories of the annotations.

    Raises:
        DataError: one is not in the list of categories.
    """
    used = set()
    for item in _items(content, "annotations"):
        if item["category_id"] not in names:
            known = ", ".join(map(repr, list(names)[:_MAX_SHOWN]))
            raise DataError(
                f"{path} has an annotation of image {item.get('image_id')} with the category_id "
                f"{short(item['category_id'])}, which is not among its categories"
                f"{f' ({known})' if known else ''}. Add the category, or export the file again."
            )
        used.add(item["category_id"])
    return used


def _location(image: dict[str, Any]) -> str:
    """The name of the file, or where Azure's export has it."""
    name = image.get("file_name") or image.get("coco_url") or image["absolute_url"]
    return str(name)


def _items(content: dict[str, Any], key: str) -> Iterable[dict[str, Any]]:
    items = content[key]
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise KeyError(key)
    return items


FORM = TableFile(suffixes=(".json",), read=_read, certainty=_certainty)
