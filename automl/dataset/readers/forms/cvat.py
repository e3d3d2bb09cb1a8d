"""CVAT's export "CVAT for images": XML with the tags of each picture.

A picture without tags has the labels of its boxes and other shapes.
"""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from automl.dataset.locations import Surroundings
from automl.dataset.readers import questions, text, xml_file
from automl.dataset.readers.form import Certainty, TableFile
from automl.dataset.readers.table import Table
from automl.dataset.split_words import SPLITS
from automl.errors import DataError
from automl.texts import mark

_LABEL = "label"


def _certainty(path: Path) -> Certainty:
    is_export = "<annotations" in text.start(path)
    return Certainty.LIKELY if is_export else Certainty.NO


def _read(path: Path, _: Surroundings) -> Table:
    """The table of an export: name, label, attributes of the tags, and the subset."""
    root = xml_file.root(path)
    images = root.findall("image")
    if not images:
        raise DataError(
            f"{path} names no images. Export the task from CVAT as CVAT for images 1.1."
        )
    rows = [
        (
            mark(f"Image {image.get('id', number)} of {path.name}"),
            image.get("name", ""),
            _answers(image),
        )
        for number, image in enumerate(images)
    ]
    return questions.as_table(rows, path, _LABEL)


def _answers(image: ElementTree.Element) -> dict[str, Any]:
    tags = image.findall("tag") or [shape for shape in image if shape.get("label")]
    answers: dict[str, Any] = {_LABEL: list(dict.fromkeys(tag.get("label", "") for tag in tags))}
    for attribute in (attribute for tag in tags for attribute in tag.findall("attribute")):
        answers[attribute.get("name", "")] = attribute.text
    split = SPLITS.get((image.get("subset") or "").lower())
    return answers | ({"split": split} if split else {})


FORM = TableFile(suffixes=(".xml",), read=_read, certainty=_certainty)
