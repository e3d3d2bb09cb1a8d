"""Labels of a table with a column for each class, of ticks or of probabilities."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.dataset.readers import values
from automl.errors import DataError, short
from automl.texts import mark

_FLAG_WORDS = (
    "verified checked reviewed approved validated confirmed corrected manual gold done ok quality",
    "usable blurry blurred occluded truncated difficult crowd ambiguous unsure uncertain",
    "flipped augmented cropped duplicate synthetic flag flagged skip skipped excluded",
)
_FLAGS = frozenset(word for words in _FLAG_WORDS for word in words.split())
_Ticks = dict[str, NDArray[np.bool_]]
"""Whether each row has a tick, by column."""

_ZERO, _ONE = ("0", "0.0"), ("1", "1.0")
_MAX_FLAGS = 3
_LEAST_SHARE = 0.95
_MOST_ARE_TICKS = 0.9
_MAX_FROM_ONE = 0.02
_MAX_SHOWN = 5


@dataclass(frozen=True)
class OneHot:
    """Label of each row, from all columns of classes."""

    labels: pd.Series
    """Name of the column; a list if several are ticked; None if none is."""

    doubt: str = ""
    """Guess as a sentence."""


def read(rows: pd.DataFrame, used: Sequence[str | None]) -> OneHot | None:
    """The labels of a table with a column for each class.

    Args:
        rows: the table.
        used: columns that mean something else.

    Returns:
        None if fewer than two columns are of classes, or no row has a tick.
    """
    free = [name for name in rows.columns if name not in used]
    return _of_ticks(rows, free) or _of_probabilities(rows, free)


def _of_ticks(rows: pd.DataFrame, free: Sequence[str]) -> OneHot | None:
    names = [name for name in free if _is_ticked(rows[name])]
    ticks: _Ticks = {name: np.array([truth(cell) is True for cell in rows[name]]) for name in names}
    classes = _without_flags(ticks)
    if len(classes) < 2 or not any(any(ticks[name]) for name in classes):
        return None
    found = [
        [name.strip() for name, tick in zip(classes, row, strict=True) if tick]
        for row in zip(*(ticks[name] for name in classes), strict=True)
    ]
    cells = [each[0] if len(each) == 1 else each or None for each in found]
    flags = [name for name in names if name not in classes]
    doubts = []
    if flags:
        without = mark("The columns of ticks are classes, without {names}.")
        doubts.append(without.format(names=", ".join(flags)))
    doubts += [
        sentence for name in free if name not in names and (sentence := _nearly(name, rows[name]))
    ]
    unsure = [name for name in classes if _is_unsure(rows[name])]
    if unsure:
        taken = mark("Cells of -1 beside 0, as in {name}, are taken for no.")
        doubts.append(taken.format(name=unsure[0]))
    doubts.append(on_empty_cells(rows, classes))
    return OneHot(pd.Series(cells, index=rows.index, dtype=object), " ".join(filter(None, doubts)))


def on_empty_cells(rows: pd.DataFrame, names: Sequence[str]) -> str:
    """A sentence about empty cells in columns of ticks where others say no; "" without any.

    Where no cell of a column says it in another way, an empty one does, and nothing is doubtful.
    """
    counts = {name: number for name in names if (number := _num_doubtful(rows[name]))}
    if not counts:
        return ""
    shown = [f"{name} ({number:,})" for name, number in list(counts.items())[:_MAX_SHOWN]]
    shown += ["…"] if len(counts) > _MAX_SHOWN else []
    sentence = mark("Empty cells are taken for no, beside others that say it: {columns}.")
    return sentence.format(columns=", ".join(shown))


def _num_doubtful(cells: pd.Series) -> int:
    """Number of empty cells of a column of ticks in which another cell says no."""
    is_empty = cells.isna() | (cells == "")
    if not is_empty.any() or not any(truth(cell) is False for cell in cells[~is_empty]):
        return 0
    return int(is_empty.sum())


def _nearly(name: str, cells: pd.Series) -> str:
    """A sentence about a column that would be a class but for a few cells; "" about others."""
    at = None if is_remark(name) else _other_value(cells)
    if at is None:
        return ""
    sentence = mark(
        "The column {name} is no class: {row} has {value} there, most others have 0 and 1. If it "
        "is one, write 0 or 1."
    )
    return sentence.format(name=name, row=cells.index[at], value=short(cells.iloc[at]))


def _other_value(cells: pd.Series) -> int | None:
    """Position of the first value that is neither, in a column of 0 and 1 with a few others."""
    texts = cells.map(_text)
    are_ticks = texts.isin((*_ZERO, *_ONE))
    has_both = texts.isin(_ZERO).any() and texts.isin(_ONE).any()
    if not has_both or are_ticks.mean() < _MOST_ARE_TICKS:
        return None
    are_none = (texts == "") | cells.map(_is_minus_one)
    return int((are_ticks | are_none).to_numpy().argmin())


def refuse_other_values(rows: pd.DataFrame, used: Sequence[str | None]) -> None:
    """Refuse a table of columns of 0 and 1 alone, of which some have a few other values.

    Raises:
        DataError: names the first such value, with its row and column.
    """
    free = [name for name in rows.columns if name not in used and not is_remark(name)]
    doubtful = {name: _other_value(rows[name]) for name in free if not _is_ticked(rows[name])}
    name, at = next(iter(doubtful.items()), ("", None))
    if len(free) < 2 or at is None or None in doubtful.values():
        return
    raise DataError(
        f"{rows.index[at]} has {short(rows[name].iloc[at])} in the column {name}, which has 0 and "
        "1 in other rows. Write 1 where the label is present, else 0; or set target_column_name to "
        "the column that holds the labels."
    )


def _without_flags(ticks: _Ticks) -> list[str]:
    """The columns of classes: without those that say something else, such as `verified`.

    A column is left out if it is named so, or if only without it each row has one tick.
    """
    classes = list(ticks)
    named = [name for name in classes if is_remark(name)]
    if len(classes) - len(named) >= 2 and named:
        rest = [name for name in classes if name not in named]
        if _share(ticks, rest) >= _share(ticks, classes):
            return rest
    rest = list(classes)
    for _ in range(min(_MAX_FLAGS, len(classes) - 2)):
        if _share(ticks, rest) >= _LEAST_SHARE:
            break
        rest = max(
            ([name for name in rest if name != one] for one in rest),
            key=lambda names: _share(ticks, names),
        )
    return rest if _share(ticks, rest) >= _LEAST_SHARE else classes


def is_remark(name: str) -> bool:
    """True if the name of a column says something about the row, such as `verified`."""
    return bool({*re.split(r"[\W_]+", name.lower())} & _FLAGS)


def _share(ticks: _Ticks, names: Sequence[str]) -> float:
    """Share of the rows with exactly one tick in these columns, of those with any tick at all."""
    counts = np.sum([ticks[name] for name in names], axis=0)
    num_ticked = np.any([*ticks.values()], axis=0).sum()
    return float((counts == 1).sum()) / max(1, int(num_ticked))


def _is_ticked(cells: pd.Series) -> bool:
    truths = [truth(cell) for cell in cells]
    is_empty = all(cell is None or cell != cell or not str(cell).strip() for cell in cells)
    return None not in truths and not is_empty


def truth(cell: object) -> bool | None:
    """A tick or none; -1 is none, as CelebA writes it."""
    return False if _is_minus_one(cell) else values.truth(cell)


def are_usual(cells: pd.Series) -> "pd.Series[bool]":
    """True for each cell that is a tick or none; beside zeros no other ticks than ones are."""
    texts = cells.map(_text)
    if texts.isin(_ZERO).any():
        return texts.isin((*_ZERO, *_ONE, ""))
    return cells.map(truth).notna()


def _text(cell: Any) -> str:
    return "" if cell is None or cell != cell else str(cell).strip()


def _is_unsure(cells: pd.Series) -> bool:
    """True for a column of 1, 0 and -1, in which -1 may stand for uncertain."""
    has_zero = any(str(cell).strip() in _ZERO for cell in cells)
    return has_zero and any(map(_is_minus_one, cells))


def _is_minus_one(cell: object) -> bool:
    return str(cell).strip() in ("-1", "-1.0")


def _of_probabilities(rows: pd.DataFrame, free: Sequence[str]) -> OneHot | None:
    """The most likely class of each row, if the numbers of each row add up to 1."""
    columns = {name: _numbers(rows[name]) for name in free}
    known = {name: numbers for name, numbers in columns.items() if numbers is not None}
    sums = [sum(row) for row in zip(*known.values(), strict=True)]
    fitting = sum(abs(total - 1) <= _MAX_FROM_ONE for total in sums)
    if len(known) < 2 or fitting < _LEAST_SHARE * max(1, len(sums)):
        return None
    names = list(known)
    cells: list[str | None] = []
    for row in zip(*known.values(), strict=True):
        most = max(row)
        cells.append(names[row.index(most)].strip() if row.count(most) == 1 else None)
    are_numbers = mark(
        "The columns {names} are probabilities; the most likely class is the label."
    ).format(names=", ".join([*names[:5], *(["…"] if names[5:] else [])]))
    no_label = mark("Rows with two most likely ones have none.")
    doubt = f"{are_numbers} {no_label}"
    return OneHot(pd.Series(cells, index=rows.index, dtype=object), doubt)


def _numbers(cells: pd.Series) -> list[float] | None:
    """Numbers between 0 and 1; None if a cell is something else, or empty."""
    try:
        numbers = [
            float(cell.replace(",", ".") if isinstance(cell, str) else cell) for cell in cells
        ]
    except (TypeError, ValueError):
        return None
    return numbers if all(0 <= n <= 1 and math.isfinite(n) for n in numbers) else None
