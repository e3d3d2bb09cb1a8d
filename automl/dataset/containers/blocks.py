"""Blocks of rows: tables and packed arrays are read by the block; the last ones are kept."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from automl.dataset.containers.kept import Kept
from automl.dataset.preprocessing import UnreadablePicture
from automl.errors import short

MAX_BLOCK_BYTES = 2 * 1000**3
MAX_RATIO = 200
SMALL_BYTES = 50 * 1000**2
"""A block of fewer bytes may be packed more tightly than `MAX_RATIO`."""

_MAX_KEPT_BYTES = 512 * 1000**2
_kept: Kept[Any] = Kept(_MAX_KEPT_BYTES)

B = TypeVar("B")


def block(key: Hashable, read: Callable[[], B], num_bytes: Callable[[B], int]) -> B:
    """A block that is kept, or else read."""
    kept: B = _kept.get(key, read, num_bytes)
    return kept


def check_claim(num_packed: int, num_bytes: int, *, advice: str) -> None:
    """Refuse a block that is too large to be read as a whole, by the sizes that its file claims.

    Raises:
        UnreadablePicture: names the limit, and ends with the advice.
    """
    if num_bytes > MAX_BLOCK_BYTES:
        raise UnreadablePicture(
            f"Its block of rows has {num_bytes / 1000**2:,.0f} MB; at most "
            f"{MAX_BLOCK_BYTES / 1000**2:,.0f} MB can be read at a time. {advice}"
        )
    if num_bytes > max(SMALL_BYTES, MAX_RATIO * num_packed):
        raise UnreadablePicture(
            f"Its block of rows would unpack to more than {MAX_RATIO} times its size, as no "
            "pictures do."
        )


def position(text: str) -> tuple[str, int]:
    """Name of the column or array, and the row.

    Raises:
        UnreadablePicture: the text is no such position.
    """
    name, _, row = text.rpartition("/")
    if not name or not (row.isascii() and row.isdecimal() and len(row) < 19):
        raise UnreadablePicture(f"{short(text)} is not a column and a row.")
    return name.replace("%2F", "/").replace("%25", "%"), int(row)


def written(name: str, row: int) -> str:
    """The position of a row of a column or array, as text."""
    return f"{name.replace('%', '%25').replace('/', '%2F')}/{row}"
