"""LabelMe's JSON, one file a picture: the flags that are set, or else the names of the shapes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from automl.dataset.locations import Surroundings
from automl.dataset.readers import annotation_files, json_file, questions, text
from automl.dataset.readers.form import Certainty, Folder
from automl.dataset.readers.table import Table
from automl.errors import DataError

_SUFFIX = ".json"
_LABEL = "label"


def _certainty(folder: Path) -> Certainty:
    files = annotation_files.first(folder, _SUFFIX)
    contents = (json_file.content(file) for file in files if '"shapes"' in text.start(file))
    return (
        Certainty.LIKELY if any(_flags(one) or _shapes(one) for one in contents) else Certainty.NO
    )


def _read(folder: Path, _: Surroundings) -> Table:
    """A row for each file; its label is a list if several flags are set."""
    contents = {
        file: content
        for file in annotation_files.below(folder, _SUFFIX)
        if _is_export(content := json_file.content(file))
    }
    if not contents:
        raise DataError(
            f"{folder} has no JSON of LabelMe in it. Put the JSON files beside the pictures, or "
            "into a folder called annotations."
        )
    has_flags = any(_flags(content) for content in contents.values())
    said = _flags if has_flags else _shapes
    pictures = annotation_files.Pictures(folder)
    rows = [
        (file.name, pictures.of(file, str(content["imagePath"])), {_LABEL: said(content)})
        for file, content in contents.items()
    ]
    guesses = [] if has_flags else [questions.of_shapes("LabelMe")]
    return questions.as_table(rows, folder, _LABEL, guesses=guesses)


def _is_export(content: Any) -> bool:
    return isinstance(content, dict) and "imagePath" in content and "shapes" in content


def _flags(content: Any) -> Sequence[str]:
    """Names of the flags that are set."""
    flags = content.get("flags") if _is_export(content) else None
    if not isinstance(flags, dict):
        return []
    return [str(name) for name, is_set in flags.items() if is_set is True]


def _shapes(content: Any) -> Sequence[str]:
    """Names of the shapes, each once."""
    shapes = content["shapes"] if _is_export(content) else None
    named = shapes if isinstance(shapes, list) else []
    labels = [shape.get(_LABEL) for shape in named if isinstance(shape, Mapping)]
    return list(dict.fromkeys(str(label) for label in labels if label))


FORM = Folder(read=_read, certainty=_certainty, suffix=_SUFFIX)
