"""Pictures in a grid of equal thumbnails, page by page."""

import base64
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from automl.figures import wording
from automl.texts import _
from automl.ui import cached, picture_grid

if TYPE_CHECKING:  # Pillow would delay the first page
    from automl.dataset.rendering import Rendering

PER_PAGE = 40


class Picture(NamedTuple):
    """A picture file, the two lines under it as plain text, and how its pixels are shown."""

    path: Path
    caption: str
    note: str = ""
    rendering: "Rendering | None" = None
    """Rendering of its data set; None: more than 8 bits are shown in the picture's own range."""


def show(
    num_pictures: int,
    page_of: Callable[[slice], list[Picture]],
    *,
    key: str,
    width: int = 96,
    opens: bool = False,
) -> int | None:
    """Draw one page of pictures; returns the position of the one clicked just now, else None.

    Args:
        num_pictures: number of pictures on all pages.
        page_of: returns the pictures at a slice of the positions.
        key: unique name of this set of pictures.
        width: width of a thumbnail in pixels.
        opens: True if pictures can be clicked.
    """
    grid = st.container()
    page = _page(num_pictures, key)
    first = (page - 1) * PER_PAGE
    shown = page_of(slice(first, first + PER_PAGE))
    with grid:
        picked = strip(shown, width=width, key=f"pictures of {key}", opens=opens)
    return None if picked is None else first + picked


def choose(
    num_pictures: int, page_of: Callable[[slice], list[Picture]], *, key: str, width: int = 96
) -> list[int]:
    """Draw one page of pictures that are chosen by clicks; returns the positions of the chosen.

    Args:
        num_pictures: number of pictures on all pages.
        page_of: returns the pictures at a slice of the positions.
        key: unique name of this set of pictures: under another one, none is chosen.
        width: width of a thumbnail in pixels.
    """
    grid = st.container()
    page = _page(num_pictures, key)
    first = (page - 1) * PER_PAGE
    loaded = [
        (cached.thumbnail(picture.path, picture.rendering), picture)
        for picture in page_of(slice(first, first + PER_PAGE))
    ]
    with grid:
        tiles = [_tile(data or b"", picture) for data, picture in loaded]
        chosen = picture_grid.choose(tiles, side=width, key=f"choice on {page} of {key}")
    return [first + index for index in chosen]


def _page(num_pictures: int, key: str) -> int:
    num_pages = max(1, math.ceil(num_pictures / PER_PAGE))
    return st.pagination(num_pages, key=f"page of {key}") if num_pages > 1 else 1


def strip(pictures: list[Picture], *, width: int, key: str, opens: bool = False) -> int | None:
    """Draw all the pictures side by side and the number of those that cannot be read.

    Returns the position of the picture that was clicked just now, None if none was.
    """
    loaded = [(cached.thumbnail(picture.path, picture.rendering), picture) for picture in pictures]
    readable = [position for position, (data, _) in enumerate(loaded) if data]
    tiles = [_tile(data, picture) for data, picture in loaded if data]
    picked = picture_grid.show(tiles, side=width, key=key, opens=opens)
    if num_unreadable := len(pictures) - len(readable):
        count = wording.count(num_unreadable, "picture")
        st.caption(
            _("{count} cannot be read. The files may have been moved or deleted.").format(
                count=count
            )
        )
    return None if picked is None else readable[picked]


def _tile(thumbnail: bytes, picture: Picture) -> picture_grid.Tile:
    source = f"data:image/jpeg;base64,{base64.b64encode(thumbnail).decode()}"
    return {"source": source, "caption": picture.caption, "note": picture.note}
