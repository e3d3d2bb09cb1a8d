"""Pascal VOC: a list of each class with 1 and -1 for its pictures, or else an XML file a picture.

The split is in further lists, which are read as those of any other data.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from automl.dataset.locations import Surroundings
from automl.dataset.readers import annotation_files, questions, text, xml_file
from automl.dataset.readers.form import Certainty, Folder
from automl.dataset.readers.table import Table
from automl.errors import DataError

_SUFFIX = ".xml"
_LABEL = "label"
_LISTS = "ImageSets"
_OF_CLASS = re.compile(r"(?P<label>.+)_(?:train|val|trainval|test)\.txt", re.IGNORECASE)
_LINE = re.compile(r"(?P<name>\S.*?)\s+(?P<flag>[+-]?[01])")


def _certainty(folder: Path) -> Certainty:
    if any(_lines(file) for _, file in _lists(folder)):
        return Certainty.STRONG
    starts = map(text.start, annotation_files.first(folder, _SUFFIX))
    has_objects = any("<annotation" in start and "<object" in start for start in starts)
    return Certainty.LIKELY if has_objects else Certainty.NO


def _read(folder: Path, _: Surroundings) -> Table:
    """A row for each picture; its label is a list if it shows several classes."""
    if classes := _of_lists(folder):
        rows = [(name, name, {_LABEL: labels}) for name, labels in classes.items()]
        return questions.as_table(rows, folder, _LABEL)
    pictures = annotation_files.Pictures(folder)
    rows = []
    for file in annotation_files.below(folder, _SUFFIX):
        root = xml_file.root(file)
        if root.tag != "annotation":
            continue
        objects = [found.findtext("name", "").strip() for found in root.findall("object")]
        name = pictures.of(file, root.findtext("filename") or file.stem)
        rows.append((file.name, name, {_LABEL: list(dict.fromkeys(filter(None, objects)))}))
    if not rows:
        raise DataError(
            f"{folder} has no annotations of Pascal VOC in it. Put the XML files beside the "
            "pictures, or into a folder called Annotations."
        )
    return questions.as_table(rows, folder, _LABEL, guesses=[questions.of_shapes("Pascal VOC")])


def _lists(folder: Path) -> Iterator[tuple[str, Path]]:
    """The lists of classes, each with the name of the class."""
    lists = folder / _LISTS
    if lists.is_dir() and not lists.is_symlink():
        for path in sorted(lists.glob("*/*.txt")):
            if (named := _OF_CLASS.fullmatch(path.name)) and not path.is_symlink():
                yield named["label"], path


def _of_lists(folder: Path) -> Mapping[str, Sequence[str]]:
    """Labels of each picture that a list names; none where no class has it."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for label, path in _lists(folder):
        for name, flag in _lines(path):
            found[name] |= {label: None} if flag.lstrip("+") == "1" else {}
    return {name: list(labels) for name, labels in found.items()}


def _lines(path: Path) -> Sequence[tuple[str, str]]:
    """Name and flag in each line; nothing if a line is of another kind."""
    lines = [line.strip() for line in text.read(path).splitlines() if line.strip()]
    matched = [_LINE.fullmatch(line) for line in lines]
    return [(found["name"], found["flag"]) for found in matched if found] if all(matched) else []


FORM = Folder(read=_read, certainty=_certainty, suffix=_SUFFIX)
