"""Tables whose cells have blanks between them, as those of CelebA, DeepFashion and Oxford pets."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from automl.dataset.readers import text
from automl.dataset.walk import is_picture_name
from automl.texts import mark

_LEAST_SHARE = 0.9


def rows(lines: Sequence[tuple[int, str]], file: str) -> pd.DataFrame | None:
    """The table that lines hold, with the names or ids of pictures in its first column.

    The first line may be the number of rows, the next one the names of the columns, with or without
    one for the pictures.

    Args:
        lines: number and text of each, none of them empty.
        file: its name, for the names of the rows.

    Returns:
        None if the lines are no such table.
    """
    cells = [(number, line.split()) for number, line in lines]
    if len(cells) > 2 and len(cells[0][1]) == 1 and cells[0][1][0].isdecimal():
        cells = cells[1:]
    width = len(cells[-1][1]) if cells else 0
    names = _header([each for _, each in cells[:2]], width)
    body = cells[1:] if names else cells
    if width < 2 or not body or any(len(each) != width for _, each in body):
        return None
    if not _are_pictures([each[0] for _, each in body]):
        return None
    columns = names or [f"Column{number}" for number in range(1, width + 1)]
    index = [mark(f"Line {number} of {file}") for number, _ in body]
    return pd.DataFrame([each for _, each in body], index=index, columns=columns, dtype=object)


def numbered(path: Path) -> dict[str, str]:
    """Text of each line behind its number, as in CUB-200's `images.txt`; nothing without a file.

    A link to a file counts as none.
    """
    if path.is_symlink() or not path.is_file():
        return {}
    lines = (line.strip() for line in text.read(path).splitlines())
    return dict(line.split(None, 1) for line in lines if " " in line)


def _header(first: Sequence[Sequence[str]], width: int) -> list[str]:
    """Names of the columns in the first of two lines; nothing if it is a row as well."""
    if len(first) < 2 or len(first[1]) != width:
        return []
    top, below = first
    if len(top) == width - 1:
        return ["image", *top] if len({"image", *top}) == width else []
    are_rows = any(_is_number(one) for one in top) or is_picture_name(top[0])
    is_other = any(map(_is_number, below)) or is_picture_name(below[0])
    return [*top] if len({*top}) == width and not are_rows and is_other else []


def _is_number(cell: str) -> bool:
    return cell.lstrip("+-").replace(".", "", 1).isdecimal()


def _are_pictures(cells: Sequence[str]) -> bool:
    """True for names of pictures, and for ids with digits, each of which stands in one row."""
    named = sum(map(is_picture_name, cells))
    if named >= _LEAST_SHARE * len(cells):
        return True
    has_digits = all(any(c.isdigit() for c in cell) for cell in cells)
    return has_digits and len({*cells}) == len(cells)
