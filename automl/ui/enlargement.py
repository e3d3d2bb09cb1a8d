"""A picture enlarged, and the buttons to the next and the previous one."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from automl.figures import wording
from automl.texts import _
from automl.ui import cached

if TYPE_CHECKING:
    from automl.dataset.rendering import Rendering

_MAX_WIDTH, _MAX_HEIGHT = 560, 500  # pixels; the whole picture fits on a screen 720 pixels high


def show(path: Path, size: tuple[int, int], text: str, rendering: "Rendering | None") -> None:
    """Draw the picture, or a message if it cannot be read.

    Args:
        path: file of the picture.
        size: width and height in pixels.
        text: alternative text of the picture.
        rendering: of its data set, see `gallery.Picture`.
    """
    enlarged = cached.enlarged(path, rendering)
    if enlarged is None:
        st.caption(_("The picture cannot be read. It may have been moved or deleted."))
        return
    width = min(_MAX_WIDTH, _MAX_HEIGHT * size[0] / size[1])
    st.image(enlarged, width=max(round(width), 1), alt=text)


def leaf(count: int, *, key: str) -> None:
    """Draw buttons that change the position, which the session keeps under the key."""
    position: int = st.session_state[key]

    def go(step: int) -> None:
        st.session_state[key] = position + step

    with st.container(horizontal=True, vertical_alignment="center"):
        for name, icon, step, last in (
            (_("Previous"), "left", -1, 0),
            (_("Next"), "right", 1, count - 1),
        ):
            st.button(
                name,
                icon=f":material/chevron_{icon}:",
                disabled=position == last,
                on_click=go,
                args=(step,),
            )
        st.caption(
            _("{position} of {count}").format(
                position=wording.integer(position + 1), count=wording.integer(count)
            )
        )
