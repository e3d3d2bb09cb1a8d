"""Cells of a table as sets of labels, for a task with any number of labels a picture."""

from collections import Counter
from collections.abc import Container, Sequence
from typing import Any

import pandas as pd

from automl.dataset import label_sets
from automl.dataset.readers import labels, measurements, one_hot, values, written_lists
from automl.dataset.readers.one_hot import OneHot
from automl.errors import DataError, short

_CERTAIN = ";|,\t\n；，、"
"""Characters that are taken to stand between labels wherever they are."""

_LIKELY = "/+&:#~^*\\ -_"
"""Characters that may be part of a name, as in `milk bottle`."""

_OF_NAMES = "-_:#"
"""Those that mostly are: several texts have to have them, and every part to stand alone."""

_MOSTLY = 0.9
_FEW = 4


def of_rows(cells: Sequence[Any], rows: Sequence[str]) -> list[list[str] | None]:
    """Labels of each row of a table.

    Cells are lists, also written ones (`written_lists`), or texts with labels between separators.
    An empty cell has no label; beside lists that are no texts it says nothing, as an empty list
    is there for that.

    Args:
        cells: of the label column.
        rows: position of each, for the errors: `Row 3 of labels.csv`.

    Returns:
        In the order of each cell; empty where it has no label, None where nothing says which.

    Raises:
        DataError: a cell is no list where others are, a label is empty or doubled, or two labels
            differ in case only.
    """
    has_lists = any(isinstance(cell, list | tuple) for cell in cells)
    parsed = [list(cell) if isinstance(cell, tuple) else cell for cell in written_lists.read(cells)]
    _refuse_mixed(parsed, rows)
    texts = [cell if isinstance(cell, str) else None for cell in parsed]
    separator = _separator([text for text in texts if text])
    found: list[list[str] | None] = []
    for cell, row in zip(parsed, rows, strict=True):
        if has_lists and _is_empty(cell):
            found.append(None)
            continue
        if isinstance(cell, list):
            parts = [text or "" for text in values.texts(cell, [row] * len(cell))]
        else:
            text = values.texts([cell], [row])[0]
            parts = _split(text, separator) if text else []
        found.append(_checked(parts, row))
    _refuse_cases(found, rows)
    return found


def of_one_label_each(pictures: pd.DataFrame) -> pd.DataFrame:
    """The pictures of class folders, each with the set of its only label."""
    sets = pd.Series([[label] for label in pictures["label"]], pictures.index, object)
    return pictures.assign(**{label_sets.COLUMN: sets})


def joined(pictures: pd.DataFrame) -> pd.DataFrame:
    """The pictures, those with a row for each of their labels as one row with all of them.

    Where rows have several labels, rows of one picture are different opinions, and stay.
    """
    if (pictures[label_sets.COLUMN].str.len() > 1).any():
        return pictures
    keys = [pictures["path"], pictures["split"].fillna("")]
    together = pictures.groupby(keys, sort=False)[label_sets.COLUMN]
    sets = together.agg(lambda each: list(dict.fromkeys(label for one in each for label in one)))
    first = pictures[~pd.concat(keys, axis=1).duplicated()]
    lists = pd.Series(sets.tolist(), first.index, object)
    return first.assign(**{label_sets.COLUMN: lists, "label": lists.map(label_sets.text)})


def as_lists(cells: Sequence[Any]) -> list[Any]:
    """Cells of a form that writes a list only where there are several labels, as COCO's reader."""
    if not any(isinstance(cell, list | tuple) for cell in cells):
        return list(cells)
    return [[cell] if isinstance(cell, str) and cell.strip() else cell for cell in cells]


def of_one_hot(rows: pd.DataFrame, used: Container[str | None]) -> OneHot | None:
    """Labels of each row of a table with a column of ticks for each label.

    Columns named like a remark on the row, such as `verified`, are no labels.

    Args:
        rows: the table.
        used: columns that mean something else.

    Returns:
        None if no column has ticks.

    Raises:
        DataError: a column of ticks has another value; names it with its row.
    """
    ticks: dict[str, list[bool]] = {}
    for name in (name for name in rows.columns if name not in used and not one_hot.is_remark(name)):
        is_usual = one_hot.are_usual(rows[name])
        truths = rows[name].map(one_hot.truth)
        if is_usual.all() and rows[name].notna().any():
            ticks[name] = truths.astype(bool).tolist()
        elif not is_usual.all() and (truths.notna().all() or _are_most(is_usual)):
            row = int(is_usual.to_numpy().argmin())
            raise DataError(
                f"{rows.index[row]} has {short(rows[name].iloc[row])} in the column {name}, "
                "which has 0 and 1 in other rows. Write 1 where the label is present, else 0."
            )
    names = [name.strip() for name in ticks]
    sets = [
        [name for name, tick in zip(names, row, strict=True) if tick]
        for row in zip(*ticks.values(), strict=True)
    ]
    if not sets:
        return None
    doubt = one_hot.on_empty_cells(rows, list(ticks))
    return OneHot(pd.Series(sets, rows.index, object), doubt)


def _are_most(is_usual: "pd.Series[bool]") -> bool:
    """True if at most a tenth of the rows, or one of a few, are not usual."""
    num_unusual = len(is_usual) - int(is_usual.sum())
    is_one_of_few = num_unusual == 1 and len(is_usual) >= _FEW
    return is_one_of_few or num_unusual <= (1 - _MOSTLY) * len(is_usual)


def _refuse_mixed(parsed: Sequence[Any], rows: Sequence[str]) -> None:
    """Refuse a text where most rows with labels have lists."""
    is_list = [isinstance(cell, list) for cell in parsed]
    others = [
        (cell, row)
        for cell, row, has_list in zip(parsed, rows, is_list, strict=True)
        if not has_list and not _is_empty(cell)
    ]
    if others and 2 * sum(is_list) >= len(is_list):
        cell, row = others[0]
        raise DataError(
            f"{row} has {short(cell)} in place of a list of labels, which the other rows "
            'have. Write a list, such as ["cat", "dog"], or [] for a picture without any label.'
        )


def _is_empty(cell: Any) -> bool:
    return cell is None or cell != cell or (isinstance(cell, str) and not cell.strip())


def _separator(texts: Sequence[str]) -> str:
    """Text between labels: one that is never part of a name, or one whose parts recur."""
    if measurements.have_decimal_comma(texts):
        return ""
    counts = {mark: sum(mark in text for text in texts) for mark in _CERTAIN + _LIKELY}
    certain = max(_CERTAIN, key=counts.__getitem__)
    likely = (mark for mark in _LIKELY if counts[mark] and _recurs(texts, mark))
    mark = certain if counts[certain] else next(likely, "")
    may_be_doubled = mark and mark not in ",;"  # between two of these a label is missing
    is_doubled = may_be_doubled and all(
        text.count(mark) == 2 * text.count(2 * mark) for text in texts
    )
    return 2 * mark if is_doubled else mark


def _recurs(texts: Sequence[str], mark: str) -> bool:
    """True if the parts of texts with the mark are labels themselves, in other combinations.

    Each of them stands alone somewhere, or they are fewer than the texts that they make up.
    """
    distinct = {text.strip() for text in texts}
    several = [_split(text, mark) for text in distinct if mark in text]
    parts = {part for each in several for part in each}
    if mark in _OF_NAMES:
        return len(several) > 1 and parts <= distinct
    return parts <= distinct or len(parts) < len(several)


def _split(text: str, separator: str) -> list[str]:
    if not separator.strip(" "):
        return text.split() if separator else [text.strip()]
    return [part.strip() for part in text.split(separator)]


def _checked(parts: Sequence[str], row: str) -> list[str]:
    for name, count in Counter(parts).items():
        if not name:
            raise DataError(f"{row} has an empty label among its labels. Leave it out.")
        if count > 1:
            raise DataError(f"{row} has the label {name!a} {count} times. Write it once.")
    return [labels.checked(name, row) for name in parts]


def _refuse_cases(found: Sequence[Sequence[str] | None], rows: Sequence[str]) -> None:
    """Refuse labels that differ in case only; the rarer one is taken to be the error."""
    counts = Counter(name for names in found for name in names or ())
    by_letters: dict[str, list[str]] = {}
    for name in counts:
        by_letters.setdefault(name.casefold(), []).append(name)
    doubtful = next((names for names in by_letters.values() if len(names) > 1), None)
    if doubtful is not None:
        *_, usual, rare = sorted(doubtful, key=counts.__getitem__, reverse=True)
        row = next(row for names, row in zip(found, rows, strict=True) if rare in (names or ()))
        raise DataError(
            f"{row} has the label {rare!a}, and {counts[usual]:,} have {usual!a}, which differs in "
            "case only. Write it in one way."
        )
