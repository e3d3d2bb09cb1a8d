"""One of several pictures, large, and the way to the next."""

from pathlib import Path

import streamlit as st

from automl.ui import cached

_MAX_WIDTH, _MAX_HEIGHT = 560, 500  # pixels; the whole picture is on a screen of 720


def show(path: Path, size: tuple[int, int], text: str) -> None:
    """The picture, or that it is gone.

    Args:
        path: its file.
        size: width and height in pixels.
        text: what stands for it where it cannot be seen.
    """
    enlarged = cached.enlarged(path)
    if enlarged is None:
        st.caption("The picture cannot be read where it was.")
        return
    width = min(_MAX_WIDTH, _MAX_HEIGHT * size[0] / size[1])
    st.image(enlarged, width=max(round(width), 1), alt=text)


def leaf(count: int, *, key: str) -> None:
    """Buttons that move the position kept in the session under the key."""
    position: int = st.session_state[key]

    def go(step: int) -> None:
        st.session_state[key] = position + step

    with st.container(horizontal=True, vertical_alignment="center"):
        for name, icon, step, last in (
            ("Previous", "left", -1, 0),
            ("Next", "right", 1, count - 1),
        ):
            st.button(
                name,
                icon=f":material/chevron_{icon}:",
                disabled=position == last,
                on_click=go,
                args=(step,),
            )
        st.caption(f"{position + 1:,} of {count:,}")
