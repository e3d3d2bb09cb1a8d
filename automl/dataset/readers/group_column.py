"""The column of a table that may say which pictures are of one patient, place or clip."""

import re
from collections.abc import Container

import pandas as pd

from automl.dataset.reading import Guess, Reading
from automl.texts import mark

_WORDS = (
    "group groups patient patients subject subjects participant person individual animal donor",
    "volunteer case study lesion specimen sample slide wsi session visit sequence seq clip video",
    "scene burst track camera cam site location plot farm tree plant household",
)
_OF_GROUPS = frozenset(word for words in _WORDS for word in words.split())
_OF_IDS = frozenset(
    {"id", "ids", "no", "nr", "num", "number", "code", "key", "uid", "uuid", "name"}
)
_MAX_READINGS = 3

CHOSEN = mark("The groups are in the column {name}.")


def suspected(rows: pd.DataFrame, used: Container[str | None]) -> list[str]:
    """Columns named like groups of pictures that are alike, those with most pictures a group first.

    Each has several values, and several rows for some of them.
    """
    found = {
        name: rows[name].nunique()
        for name in rows.columns
        if name not in used and _is_named_so(name) and rows[name].map(_is_plain).all()
    }
    some = [name for name, count in found.items() if 2 <= count < rows[name].notna().sum()]
    return sorted(some, key=lambda name: found[name])


def is_id(name: str) -> bool:
    """True for names such as `patient_id` and `LesionID`, whose values are no classes."""
    return _is_named_so(name) and bool(_words(name) & _OF_IDS)


def _is_named_so(name: str) -> bool:
    """True for such names, and for those of what has ids, such as `location`."""
    words = _words(name)
    return bool(words & _OF_GROUPS) and words <= _OF_GROUPS | _OF_IDS


def _words(name: str) -> set[str]:
    spaced = re.sub(r"(?<=[a-z\d])(?=[A-Z])", "_", name.strip()).lower()
    spaced = re.sub(r"(?<=[^\W_])ids?$", "_id", spaced)  # patientid
    return {*re.split(r"[\W_]+", spaced)} - {""}


def guess(names: list[str]) -> Guess:
    """Finding about columns that may say the groups, with the choice of each."""
    sentence = mark(
        "Pictures with the same {name} may be alike, and a score is too good if they are on both "
        "sides of the split."
    ).format(name=names[0])
    others = [
        Reading(
            sentence=CHOSEN.format(name=name),
            options={"group_column": name},
        )
        for name in names[:_MAX_READINGS]
    ]
    return Guess(sentence=sentence, others=others)


def _is_plain(cell: object) -> bool:
    return cell is None or isinstance(cell, str | int | float)
