"""Draw how a data set was understood, with the other ways to read it one click away."""

from collections.abc import Sequence

import streamlit as st

from automl.dataset.reading import Reading
from automl.figures import wording
from automl.ui.dataset import data_choice


def show(readings: Sequence[Reading]) -> None:
    """Draw one line for the reading in use, and a fold with the others.

    Args:
        readings: of a report; the first one is in use.
    """
    if not readings:
        return
    understood, *others = readings
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":material/folder_eye: {wording.plain(understood.sentence)}", width="content")
        if others:
            with st.popover(f"Read it in another way ({len(others)})"):
                choices(others)


def choices(readings: Sequence[Reading]) -> None:
    """Draw a button for each reading."""
    for position, reading in enumerate(readings):
        st.markdown(wording.plain(reading.sentence))
        st.button(
            "Read it so",
            key=f"reading {position} {reading.sentence}",
            on_click=data_choice.understand,
            args=(reading.options,),
        )
