"""Labels as text, one a picture: the only file that knows how many labels a picture has."""

import re
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automl.dataset.readers import measurements, nested, values, written_lists
from automl.errors import DataError
from automl.jobs import label_text
from automl.texts import mark

_SEPARATOR = re.compile("[,;|]")


@dataclass(frozen=True)
class Labels:
    """Labels in the cells of a column, one entry a row."""

    texts: list[str | None]
    """The label; None where the cell is empty, or has several."""

    several: list[str | None]
    """The labels, with commas between them, where there are several; else None."""


def of_rows(cells: Sequence[Any], rows: Sequence[str]) -> Labels:
    """Label of each row of a table.

    Lists have several labels, also those that are written as text, and so have texts whose parts
    between commas, semicolons or bars are labels themselves.

    Args:
        cells: of the label column.
        rows: position of each, for the errors: `Row 3 of labels.csv`.

    Raises:
        DataError: a cell cannot be a label.
    """
    cells = written_lists.read(cells)
    lists = [_listed(cell, row) for cell, row in zip(cells, rows, strict=True)]
    plain = [None if found is not None else cell for cell, found in zip(cells, lists, strict=True)]
    texts = values.texts(plain, rows)
    known = () if measurements.have_decimal_comma(texts) else _names(texts)
    named = [
        found if found is not None else _parts(text, known)
        for found, text in zip(lists, texts, strict=True)
    ]
    return Labels(
        texts=[
            checked(found[0], row) if len(found) == 1 else None
            for found, row in zip(named, rows, strict=True)
        ],
        several=[", ".join(found) if len(found) > 1 else None for found in named],
    )


def _listed(cell: Any, row: str) -> list[str] | None:
    """The distinct labels of a list, or of objects with names; None for a cell that is none."""
    is_of_objects = isinstance(cell, list) and cell and all(isinstance(one, dict) for one in cell)
    if (isinstance(cell, dict) or is_of_objects) and (named := nested.names(cell)):
        return named
    if not isinstance(cell, list | tuple):
        return None
    return list(dict.fromkeys(text for text in values.texts(list(cell), [row] * len(cell)) if text))


def _names(texts: Iterable[str | None]) -> Container[str]:
    """Labels that may be a part of a text of several.

    They stand alone somewhere; or, where most texts have several parts, they stand in several texts
    and not always in the same place, as the parts of `Labrador, black` do.
    """
    distinct = {text for text in texts if text}
    alone = {text for text in distinct if not _SEPARATOR.search(text)}
    if 2 * len(alone) > len(distinct):
        return alone
    places = Counter[tuple[str, int]]()
    for text in distinct - alone:
        places.update((part.strip(), at) for at, part in enumerate(_SEPARATOR.split(text)))
    counts = Counter(name for name, _ in places)
    if not any(count > 1 for count in counts.values()):
        return alone
    return alone | {name for name in counts if sum(places[name, at] for at in range(9)) > 1}


def _parts(text: str | None, known: Container[str]) -> list[str]:
    """The labels in a text: several if all its parts are labels."""
    if text is None:
        return []
    parts = list(dict.fromkeys(filter(None, map(str.strip, _SEPARATOR.split(text)))))
    is_several = bool(_SEPARATOR.search(text)) and parts and all(part in known for part in parts)
    return parts if is_several else [text]


def of_folder(name: str, root: Path) -> str:
    """Label of the pictures in a class folder.

    Raises:
        DataError: the name has an invisible character.
    """
    if label_text.problem(name, ""):
        raise DataError(
            f"The class folder {name!a} in {root} has an invisible character in its name. "
            "Rename the folder."
        )
    return label_text.composed(name.strip())


def checked(text: str, row: str) -> str:
    """The label in composed Unicode.

    Raises:
        DataError: it is too long, or has an invisible character.
    """
    if problem := label_text.problem(text, row):
        is_long = len(text) > label_text.MAX_LENGTH
        hint = " " + mark("Is this the column of the labels?") if is_long else ""
        raise DataError(problem + hint)
    return label_text.composed(text)
