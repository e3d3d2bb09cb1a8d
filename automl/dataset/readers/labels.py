"""Labels as text, one a picture: the only file that knows how many labels a picture has.

Several labels a picture would be another way of reading the same cells, chosen here.
"""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from automl.dataset.readers import values
from automl.errors import DataError

MAX_LENGTH = 500

# control characters, and marks that make one label look like another
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def of_rows(cells: Sequence[Any], rows: Sequence[str]) -> list[str | None]:
    """Label of each row of a table; None where the cell is empty.

    Args:
        cells: of the label column.
        rows: position of each, for the errors: `Row 3 of labels.csv`.

    Raises:
        DataError: a cell holds several labels, or cannot be a label.
    """
    for cell, row in zip(cells, rows, strict=True):
        if isinstance(cell, list | tuple):
            raise DataError(
                f"{row} has a list of labels, {values.short(cell)}. Here each picture has exactly "
                "one label: keep one for each row, as text. Multi-label data cannot be used."
            )
    texts = values.texts(cells, rows)
    return [text and _checked(text, row) for text, row in zip(texts, rows, strict=True)]


def of_folder(name: str, root: Path) -> str:
    """Label of the pictures in a class folder.

    Raises:
        DataError: the name has an invisible character.
    """
    if _INVISIBLE.search(name):
        raise DataError(
            f"The class folder {name!a} in {root} has an invisible character in its name. "
            "Rename the folder."
        )
    return _composed(name)


def _checked(text: str, row: str) -> str:
    if _INVISIBLE.search(text):
        raise DataError(
            f"{row} has the label {text[:80]!a}, with a line break or an invisible character in "
            "it. Write the label without it."
        )
    if len(text) > MAX_LENGTH:
        raise DataError(
            f"{row} has a label of {len(text):,} characters, starting {text[:40]!a}; at most "
            f"{MAX_LENGTH} are allowed. Is this the column of the labels?"
        )
    return _composed(text)


def _composed(name: str) -> str:
    """Composed Unicode, as file systems and programs differ in this."""
    return unicodedata.normalize("NFC", name)
