"""A WebDataset shard: a tar file of samples, whose members share a key: `0001.jpg` and `0001.cls`.

The label is in `.cls`, in a field of `.json`, or in `.txt`.
"""

import json
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from automl.dataset import picture_location
from automl.dataset.containers.tar import Member, TarPictures, members_of
from automl.dataset.locations import Surroundings
from automl.dataset.preprocessing import UnreadablePicture
from automl.dataset.readers import named_classes, same_names, text
from automl.dataset.readers.form import Certainty, TableFile
from automl.dataset.readers.table import Table
from automl.dataset.walk import is_picture_name
from automl.errors import DataError, short

_CLS, _JSON, _TXT = ".cls", ".json", ".txt"
_LABEL_FIELDS = ("label", "label_name", "class_name", "class", "cls", "category", "target")
_CLASS_FILES = ("classes.txt", "classnames.txt", "class_names.txt", "labels.txt")
_MAX_LABEL_BYTES = 1 << 20
_NUM_LOOKED_AT = 400
_WORDS_OF_CAPTION = 4
_IMAGE, _LABEL, _SPLIT = "image", "label", "split"


@dataclass(frozen=True)
class _Sample:
    """A picture and the member with its label."""

    picture: Member
    label: Member


def recognise(path: Path) -> bool:
    """True if pictures in the archive share their names with files of labels.

    In a tar file of class folders none does, or only descriptions in `.txt`, which count only
    where no folder could be the class.
    """
    try:
        start = {member.name for member in islice(members_of(str(path)), _NUM_LOOKED_AT)}
        pictures = [name for name in start if is_picture_name(name)]
        suffixes = {_label_name(name, start, (_CLS, _JSON, _TXT))[-4:] for name in pictures} - {""}
        if not suffixes or _CLS in suffixes:
            return bool(suffixes)
        names = (member.name for member in members_of(str(path)) if is_picture_name(member.name))
        return len({name.rpartition("/")[0] for name in names}) == 1
    except (UnreadablePicture, OSError):
        return False


def rows(path: Path) -> pd.DataFrame:
    """Location and label of each sample; fields of `.json` are further columns.

    Raises:
        DataError: a sample lacks its label or picture; names the member.
    """
    try:
        archive = TarPictures(str(path))
        samples = list(_samples(archive.members, path))
        cells = [_cells(archive, sample, path) for sample in samples]
        _refuse_captions(samples, cells, path)
    except UnreadablePicture as error:
        raise DataError(f"{path} cannot be read. {error} Make the shard again.") from None
    names = list(dict.fromkeys(name for row in cells for name in row))
    columns = {name: [row.get(name) for row in cells] for name in names}
    where = [f"{sample.label.name} of {path.name}" for sample in samples]
    frame = pd.DataFrame(columns, index=where, dtype=object)
    pictures = [picture_location.inside(path, sample.picture.name) for sample in samples]
    frame.insert(0, _IMAGE, pictures)
    return frame


def label_column(columns: Sequence[str]) -> str | None:
    """The column of the labels, by its name."""
    return next((name for name in _LABEL_FIELDS if name in columns), None)


def named(frame: pd.DataFrame, folders: Sequence[Path]) -> pd.DataFrame:
    """The rows with names in place of class indices, if a file in the folders lists the classes.

    Raises:
        DataError: an index has no name.
    """
    places = [folder / name for folder in folders for name in _CLASS_FILES]
    file = next((place for place in places if place.is_file()), None)
    column = label_column(list(frame.columns))
    if column is None or not all(str(cell).isdecimal() for cell in frame[column]):
        return frame
    if file is None:
        return _with_own_names(frame, column)
    codes = {str(cell) for cell in frame[column]}
    if by_code := named_classes.in_file(file, codes):
        return frame.assign(**{column: [by_code[str(cell)] for cell in frame[column]]})
    lines = [line.strip() for line in text.read(file).splitlines() if line.strip()]
    names = same_names.apart(dict(enumerate(lines)))
    for where, cell in frame[column].items():
        if int(cell) >= len(names):
            raise DataError(f"{where} has the class {cell}, but {file} names {len(names)} classes.")
    return frame.assign(**{column: [names[int(cell)] for cell in frame[column]]})


def _with_own_names(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows with names in place of numbers, if another column has one name for each number."""
    numbers = pd.factorize(frame[column].astype(str))[0].tolist()
    for name in frame.columns:
        cells = frame[name].tolist()
        are_names = all(isinstance(cell, str) and not cell.isdecimal() for cell in cells)
        if name in (column, _IMAGE, _SPLIT) or not are_names:
            continue
        if len(set(cells)) == len(set(numbers)) == len(set(zip(cells, numbers, strict=True))):
            return frame.assign(**{column: cells})
    return frame


def _refuse_captions(
    samples: Sequence[_Sample], cells: Sequence[Mapping[str, Any]], path: Path
) -> None:
    """Raise a DataError for texts in `.txt` that describe one picture each."""
    texts = [
        str(row[_LABEL])
        for sample, row in zip(samples, cells, strict=True)
        if sample.label.name.endswith(_TXT)
    ]
    have_words = sum(len(text.split()) >= _WORDS_OF_CAPTION for text in texts)
    if len(set(texts)) > max(2, len(texts) / 2) and 2 * have_words > len(texts):
        raise DataError(
            f"{path} has captions and no labels: {samples[0].label.name} is {short(texts[0])}, and "
            f"{len(set(texts)):,} of {len(texts):,} texts differ. Add a member .cls with the label "
            "to each sample, or a field label to its .json."
        )


def _samples(members: Mapping[str, Member], path: Path) -> Iterator[_Sample]:
    """The samples, in the order of their pictures.

    A picture belongs to the label whose name is the longest beginning of its own that ends at a
    dot, down to the key, which ends at the first dot. So `a.b.jpg` may have `a.b.cls` or `a.cls`.
    """
    kinds = tuple(kind for kind in (_CLS, _JSON, _TXT) if any(n.endswith(kind) for n in members))
    pictures: dict[str, list[str]] = {}
    for name in filter(is_picture_name, members):
        label = _label_name(name, members, kinds)
        if not label:
            raise DataError(
                f"{name} in {path} has no label: there is no {_stems(name)[-1]}{kinds[0]}."
                if kinds
                else f"{path} has no labels: no .cls, .json or .txt."
            )
        pictures.setdefault(label, []).append(name)
    for label, names in pictures.items():
        stem = PurePosixPath(label).with_suffix("")
        exact = [name for name in names if PurePosixPath(name).with_suffix("") == stem] or names
        if len(exact) > 1:
            raise DataError(
                f"{label} in {path} has several pictures, {exact[0]} and {exact[1]}. Here each "
                "sample has one."
            )
        yield _Sample(members[exact[0]], members[label])
    lonely = next((n for n in members if n.endswith(kinds[:1]) and n not in pictures), None)
    if lonely is not None and kinds[0] != _TXT:
        raise DataError(f"{lonely} in {path} has no picture. Make the shard again.")


def _label_name(picture: str, members: Container[str], kinds: Sequence[str]) -> str:
    """Name of the member with the label of a picture; empty if there is none."""
    names = (stem + kind for kind in kinds for stem in _stems(picture))
    return next((name for name in names if name in members), "")


def _stems(name: str) -> list[str]:
    """`a.b` and `a` for `a.b.jpg`."""
    folder, slash, file = name.rpartition("/")
    parts = file.split(".")
    return [folder + slash + ".".join(parts[:end]) for end in range(len(parts) - 1, 0, -1)]


def _cells(archive: TarPictures, sample: _Sample, path: Path) -> dict[str, Any]:
    """Label, or all fields, of a sample."""
    name = sample.label.name
    if sample.label.num_bytes > _MAX_LABEL_BYTES:
        raise DataError(f"{name} in {path} is too large for a label.")
    try:
        content = archive.content(name).decode("utf-8").strip()
        value = json.loads(content) if name.endswith(_JSON) else content
    except (ValueError, RecursionError):
        raise DataError(f"{name} in {path} cannot be read as text in UTF-8 or as JSON.") from None
    fields = value if isinstance(value, dict) else {**_beside(archive, sample), _LABEL: value}
    if name.endswith(_JSON) and label_column(list(fields)) is None:
        raise DataError(
            f"{name} in {path} has no field with the label, such as label or class_name; its "
            f"fields are {', '.join(map(str, fields)) or 'none'}."
        )
    return {str(key): field for key, field in fields.items() if key != _IMAGE}


def _beside(archive: TarPictures, sample: _Sample) -> dict[str, Any]:
    """Fields of `.json` beside `.cls`, which may name the class that a number stands for."""
    name = str(PurePosixPath(sample.label.name).with_suffix(_JSON))
    if name not in archive.members or archive.members[name].num_bytes > _MAX_LABEL_BYTES:
        return {}
    try:
        value = json.loads(archive.content(name))
    except (ValueError, RecursionError):
        return {}
    fields = value if isinstance(value, dict) else {}
    return {key: field for key, field in fields.items() if key not in _LABEL_FIELDS[:1]}


def read(path: Path, _: Surroundings) -> Table:
    """The table of a shard."""
    frame = named(rows(path.absolute()), [path.parent])
    return Table(frame, path, path.parent, _IMAGE, label_column(list(frame.columns)))


def _certainty(path: Path) -> Certainty:
    return Certainty.LIKELY if recognise(path) else Certainty.NO


FORM = TableFile(suffixes=(".tar",), read=read, certainty=_certainty)
