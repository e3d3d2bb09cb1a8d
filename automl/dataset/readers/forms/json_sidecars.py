"""JSON, one file a picture, of Supervisely, V7 Darwin, SuperAnnotate or one's own: `1.jpg.json`."""

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from automl.dataset.locations import Surroundings
from automl.dataset.readers import annotation_files, json_file, nested, questions
from automl.dataset.readers.form import Certainty, Folder
from automl.dataset.readers.table import Table
from automl.errors import DataError

_SUFFIX = ".json"
_LABEL = "label"
_KEYS = ("label", "labels", "class", "class_name", "category", "classification", "tags", "tag")
_BOXES = ("annotations", "instances", "objects")
_NUM_TRIED = 10


def _certainty(folder: Path) -> Certainty:
    """Likely if most of the first files say a label, and are named like pictures here."""
    files = list(itertools.islice(annotation_files.first(folder, _SUFFIX), _NUM_TRIED))
    labelled = [file for file in files if _label(json_file.content(file))]
    if len(labelled) < 2 or 2 * len(labelled) < len(files):
        return Certainty.NO
    pictures = annotation_files.Pictures(folder)
    named = [file for file in labelled if pictures.beside(file)]
    return Certainty.LIKELY if 2 * len(named) > len(labelled) else Certainty.NO


def _read(folder: Path, _: Surroundings) -> Table:
    """A row for each file of a picture; its label is a list if the file says several.

    A tag with a value, such as `species` with `cat`, is a question and its answer.
    """
    pictures = annotation_files.Pictures(folder)
    files = annotation_files.below(folder, _SUFFIX)
    rows = [
        (file.name, picture, _answers(json_file.content(file)))
        for file in files
        if (picture := pictures.beside(file))
    ]
    if not rows:
        raise DataError(
            f"{folder} has no JSON files that are named like pictures. Put them beside the "
            "pictures, or into a folder called annotations."
        )
    return questions.as_table(rows, folder, _LABEL)


def _answers(content: Any) -> dict[str, Any]:
    """The labels that a file says, and the values of each of its tags that has some."""
    tags = content.get("tags") if isinstance(content, Mapping) else None
    every = [tag for tag in tags if isinstance(tag, Mapping)] if isinstance(tags, list) else []
    found: dict[str, Any] = {}
    for tag in every:
        if _has_value(tag):
            found.setdefault(str(tag.get("name")), []).append(tag["value"].strip())
    plain = [tag for tag in every if not _has_value(tag)]
    if plain or not found:
        found[_LABEL] = nested.names(plain) if found else _label(content)
    return found


def _has_value(tag: Mapping[str, Any]) -> bool:
    return isinstance(tag.get("value"), str) and bool(tag["value"].strip())


def _label(content: Any) -> list[str] | None:
    """The labels that a file says, or else the names of its boxes; None of another program."""
    if not isinstance(content, Mapping) or "shapes" in content:
        return None
    found = [content[key] for key in (*_KEYS, *_BOXES) if key in content]
    said = (nested.names(value) for value in found if value)
    return next(filter(None, said), [] if found else None)


FORM = Folder(read=_read, certainty=_certainty, suffix=_SUFFIX)
