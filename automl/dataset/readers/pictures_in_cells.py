"""Tables with whole pictures in their cells, as pixels or as text, which are not read."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from automl.errors import DataError

_LEAST_PIXELS = 64
_NUM_LOOKED_AT = 20
_BYTES = re.compile(r"b(['\"])(?:\\x[\da-f]{2}|[ -~]){8,}", re.IGNORECASE)
_BASE64 = re.compile(
    r"(?:data:image/[\w.+-]+;base64,|/9j/|iVBORw0KGgo|R0lGOD|UklGR|SUkqA|TU0AK|Qk[0-3])"
    r"[A-Za-z0-9+/=_\s-]{80,}"
)
"""How JPEG, PNG, GIF, WebP, TIFF and BMP begin in base64."""


def are_pixels(cells: Sequence[Any]) -> bool:
    """True for a row with a column for each pixel, or a cell with the values of all of them."""
    texts = [str(cell).strip() for cell in cells]
    lists = [re.split(r"[\s,]+", text.strip("[] ")) for text in texts]
    has_list = any(
        len(parts) >= _LEAST_PIXELS and all(map(str.isdecimal, parts)) for parts in lists
    )
    return has_list or sum(map(str.isdecimal, texts)) >= _LEAST_PIXELS


def of_pixels(path: Path) -> DataError:
    """The error about a table of pixels."""
    return DataError(
        f"{path} has the values of pixels in its cells in place of pictures. Save them "
        "with np.savez as the arrays images (uint8, pictures x height x width) and labels."
    )


def refuse_texts(path: Path, name: str, cells: pd.Series) -> None:
    """Raise a DataError if the column of pictures holds them as text."""
    first = [cell for cell in cells.head(_NUM_LOOKED_AT) if isinstance(cell, str)]
    if _are_all(_BASE64, first) or _are_all(_BYTES, first):
        raise DataError(
            f"{path} has whole pictures as text in the column {name}. Write each into a file and "
            "its name into the table, or all of them as bytes into a Parquet file."
        )


def _are_all(pattern: re.Pattern[str], texts: Iterable[str]) -> bool:
    found = [pattern.match(text.strip()) for text in texts]
    return bool(found) and None not in found
