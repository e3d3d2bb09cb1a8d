"""Pictures in a grid of equal thumbnails, page by page."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from automl.ui import cached, wording

PER_PAGE = 40


class Picture(NamedTuple):
    """A file and the line under it, in the user's own words."""

    path: Path
    caption: str


def show(
    num_pictures: int, page_of: Callable[[slice], list[Picture]], *, key: str, width: int = 96
) -> None:
    """Draw one page of pictures.

    Args:
        num_pictures: how many there are on all pages.
        page_of: the pictures of one page.
        key: names the page control; one for every set of pictures.
        width: of a thumbnail in pixels.
    """
    num_pages = max(1, math.ceil(num_pictures / PER_PAGE))
    page = st.pagination(num_pages, key=f"page of {key}") if num_pages > 1 else 1
    strip(page_of(slice((page - 1) * PER_PAGE, page * PER_PAGE)), width=width)


def strip(pictures: list[Picture], *, width: int) -> None:
    """All the pictures side by side; those that are gone are counted."""
    loaded = [(cached.thumbnail(picture.path), picture.caption) for picture in pictures]
    there = [(data, wording.plain(caption)) for data, caption in loaded if data]
    with st.container(horizontal=True, gap="xsmall"):
        for data, caption in there:
            st.image(data, caption=caption or None, width=width)
    if gone := len(pictures) - len(there):
        st.caption(f"{wording.count(gone, 'picture')} cannot be read where they were.")
