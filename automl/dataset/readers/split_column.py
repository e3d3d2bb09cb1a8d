"""The column of a table that says the split of each picture, and what its values mean."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from automl.dataset.readers import values
from automl.dataset.reading import Guess, Reading, UnclearDataError
from automl.dataset.split_words import SPLITS, loose_split_in, split_in
from automl.errors import DataError, short
from automl.evaluation import natural_order
from automl.jobs import split_meanings
from automl.texts import mark

NEVER = "never"
"""In place of a column: nothing says the split."""

NEVER_READING = Reading(
    sentence=mark("Nothing says the split: it is made by chance."), options={"split_column": NEVER}
)
_NAMES = frozenset(
    {"split", "splits", "subset", "partition", "phase", "usage", "stage", "tvt", "mluse"}
    | {"datasplit", "dataset", "set", "purpose", "role", "part", "mode", "traintest", "splitname"}
    | {"trainvaltest", "traintestsplit", "datatype", "datasettype", "settype", "splittype"}
)
_FOLDS = frozenset(
    {"fold", "folds", "kfold", "cvfold", "foldid", "foldno", "foldnumber", "foldnum"}
)
_MUST_MEAN = frozenset({"split", "partition", "subset", "tvt", "traintest", "phase", "usage"})
"""Names of columns whose few values are splits in whatever words."""

_NONE = frozenset({"", "unassigned", "none", "nan", "null", "n/a", "na", "-"})
_FLAG = re.compile(r"(?:is|in)[\W_]*(?P<split>\w+)", re.IGNORECASE)
_OTHER_SIDE = {"train": "validation", "validation": "train", "test": "train"}
_MAX_ASKED = 3
_MAX_VALUES = 10
_NUMBERS = ("train", "validation", "test")
"""Splits of 0, 1 and 2, as CelebA and others number them."""


@dataclass(frozen=True)
class Splits:
    """Splits in the cells of a column, one entry a row."""

    named: list[str | None]
    """Train, validation, test or unused; None where the cell is empty, or not understood."""

    values: list[str]
    """The cells as text in lower case."""

    def unknown(self, rows: Sequence[str], counts: Sequence[bool]) -> dict[str, str]:
        """Values that are not understood, and the position of the first row of each.

        Args:
            rows: position of each row.
            counts: False for rows that are not used.
        """
        found: dict[str, str] = {}
        for row, split, value, is_used in zip(rows, self.named, self.values, counts, strict=True):
            if split is None and value not in _NONE and is_used:
                found.setdefault(value, row)
        return found


def likely(rows: pd.DataFrame, used: Container[str]) -> str | None:
    """The column that says splits: by its name and values, or by its values alone.

    Args:
        rows: the table.
        used: columns that mean something else.
    """
    free = [name for name in rows.columns if name not in used]
    named = [name for name in free if _plain(name) in _NAMES | _FOLDS]
    named.sort(key=lambda name: _plain(name) not in _MUST_MEAN)
    flags = [name for name in free if _of_flag(name, rows[name]) is not None]
    by_name = next((name for name in [*named, *flags] if _may_be_split(name, rows[name])), None)
    return by_name or next((name for name in free if _holds_splits(rows[name])), None)


def suspected(rows: pd.DataFrame, used: Container[str | None]) -> str | None:
    """The column that is named like splits, but whose values are no words of them.

    Names that also mean something else, such as set and part, count for few values only.
    """
    named = (name for name in rows.columns if name not in used and _plain(name) in _NAMES | _FOLDS)
    for name in named:
        most = len(rows) // 2 if _plain(name) in _MUST_MEAN | _FOLDS else _MAX_VALUES
        if 2 <= len(_distinct(rows[name])) <= max(most, _MAX_ASKED):
            return name
    return None


def splits(
    name: str, cells: Sequence[Any], rows: Sequence[str], meanings: Mapping[str, str]
) -> Splits:
    """Split of each row.

    Args:
        name: of the column.
        cells: its values.
        rows: position of each, for the errors.
        meanings: split by value, where the user has said it.

    Raises:
        DataError: a cell holds a list or the like.
    """
    cells = [_word(cell) for cell in cells]
    texts = [(text or "").lower() for text in values.texts(cells, rows)]
    flags = None if meanings else _of_flag(name, cells)
    if flags is not None:
        return Splits([*flags], texts)
    others = meanings.get(split_meanings.OTHERS)
    known = {text: meanings.get(text) or _split(text, loosely=True) for text in {*texts}}
    named = [known[text] or (None if text in _NONE else others) for text in texts]
    return Splits(named, texts)


def absent(column: str, cells: Sequence[Any], meanings: Mapping[str, str]) -> list[Guess]:
    """A guess about values whose meaning was said, and which no row has."""
    if not meanings:
        return []
    known = {*splits(column, cells, [""] * len(cells), meanings).values}
    missing = [one for one in meanings if one not in known and one != split_meanings.OTHERS]
    if not missing:
        return []
    sentence = mark("split_values says what {values} means, which no row has in {column}.")
    return [Guess(sentence=sentence.format(values=", ".join(missing), column=column))]


def question(
    column: str,
    found: Splits,
    unknown: Mapping[str, str],
    meanings: Mapping[str, str],
    kept: Mapping[str, str],
) -> DataError:
    """The error that asks what values of a column mean.

    Args:
        column: its name.
        found: what is known of its values.
        unknown: the others, see `Splits.unknown`.
        meanings: split by value, where the user has said it.
        kept: further keys of the data source that name the column.
    """
    readings = [
        Reading(
            sentence=mark("In the column {name}, {meanings}.").format(
                name=column, meanings=split_meanings.written(meaning)
            ),
            options={
                **kept,
                "split_values": split_meanings.written({**meanings, **meaning}),
            },
        )
        for meaning in _possible([*unknown], is_alone=not any(found.named))
    ]
    offered = ", or ".join(one.options["split_values"] for one in readings)
    value, row = next(iter(unknown.items()))
    return UnclearDataError(
        f"{row} has the split {short(value)} in the column {column}. Known are "
        "words for train, validation and test, and nothing. Set split_values to say what it means, "
        f"for example to {offered}; or set split_column to never, so that nothing says the split.",
        [*readings, NEVER_READING],
    )


def _possible(unknown: Sequence[str], *, is_alone: bool) -> list[dict[str, str]]:
    """Possible meanings of values that are no words of splits; each alone beside such words."""
    if not is_alone:
        return [dict.fromkeys(unknown, split) for split in ("train", "test", split_meanings.UNUSED)]
    ordered = natural_order.names(unknown)
    if len(ordered) > len(_NUMBERS):  # folds, of which one is held out
        return [
            {value: split, split_meanings.OTHERS: "train"}
            for value in (ordered[-1], ordered[0])
            for split in ("validation", "test")
        ]
    if len(ordered) != 2:
        return [dict(zip(ordered, _NUMBERS, strict=False))]
    one, two = ordered
    return [
        {one: "train", two: "validation"},
        {one: "train", two: "test"},
        {one: "validation", two: "train"},
        {one: "test", two: "train"},
    ]


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def _may_be_split(name: str, cells: pd.Series) -> bool:
    """True if the values are splits, or the name leaves no doubt that they mean some."""
    if _of_flag(name, cells) is not None:
        return True
    texts = _distinct(cells)
    known = [text for text in texts if _split(text, loosely=True)]
    is_asked = _plain(name) in _MUST_MEAN and 2 <= len(texts) <= _MAX_ASKED
    return len(known) >= max(1, len(texts) / 2) or is_asked


def _holds_splits(cells: pd.Series) -> bool:
    """True if all values are words of splits, of training and another one."""
    texts = _distinct(cells)
    return len(texts) <= 10 and {"train"} < {_split(text) for text in texts} <= {*_NUMBERS}


def _distinct(cells: Iterable[Any]) -> list[str]:
    words = map(_word, cells)
    plain = {cell for cell in words if isinstance(cell, str | int | float) and cell == cell}
    return sorted({str(cell).strip().lower() for cell in plain} - _NONE)


def _word(cell: Any) -> Any:
    """The cell; of a list, such as tags of FiftyOne, its only word for a split, if it has one."""
    if not isinstance(cell, list):
        return cell
    found = [one for one in cell if isinstance(one, str) and _split(one.strip().lower())]
    return found[0] if len(found) == 1 else None


def _split(text: str, *, loosely: bool = False) -> str | None:
    """Split of a value: `test`, `Train set`, `PublicTest`."""
    if text in SPLITS:
        return SPLITS[text]
    found = split_in(text) or (loose_split_in(text) if loosely else None)
    return found[0] if found and (loosely or not found[1]) else None


def _of_flag(name: str, cells: Iterable[Any]) -> list[str] | None:
    """Splits that a column such as `is_valid` says with true and false; None for other columns."""
    matched = _FLAG.fullmatch(name.strip())
    split = split_in(matched["split"]) if matched else None
    if split is None or split[1]:
        return None
    truths = [values.truth(cell) for cell in cells]
    if None in truths:
        return None
    return [split[0] if is_true else _OTHER_SIDE[split[0]] for is_true in truths]
