"""One picture of a data set looked at closely, and what can be changed about it."""

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from automl.dataset import shown
from automl.dataset.manifest import Manifest
from automl.ui import cached, corrections_view, wording

_POSITION = "position of the picture in view"


def open_at(position: int, rows: pd.DataFrame, found: Manifest, given: Manifest) -> None:
    """Enlarge one of the rows; the others can be leafed through.

    Args:
        position: which row.
        rows: samples of `found`, at least one.
        found: the data set as corrected.
        given: the data set as it is.
    """
    st.session_state[_POSITION] = position
    _dialog(rows, found, given)


@st.dialog("Picture", width="large")
def _dialog(rows: pd.DataFrame, found: Manifest, given: Manifest) -> None:
    position: int = st.session_state[_POSITION]
    sample = rows.iloc[position]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        enlarged = cached.enlarged(Path(sample["path"]))
        if enlarged is None:
            st.caption("The picture cannot be read where it was.")
        else:
            st.image(enlarged, width="stretch", alt=str(sample["label"]))
    with right:
        _facts(sample, found)
        if corrections_view.of_picture(sample, found, given):
            st.rerun()
    _leaf(position, len(rows))


def _facts(sample: "pd.Series[Any]", found: Manifest) -> None:
    st.markdown(f"**{wording.plain(str(sample['label']))}**")
    size = f"{sample['width']} × {sample['height']} px"
    bytes_ = f"{wording.number(sample['num_bytes'] / 1000)} kB"
    st.caption(wording.plain(" · ".join([size, sample["format"], sample["mode"], bytes_])))
    st.caption({"train": "Trains", "validation": "Validates", "test": "Tests"}[sample["split"]])
    st.code(sample["path"], language=None, wrap_lines=True)
    with st.container(horizontal=True, gap="xsmall"):
        for kind in shown.findings_of(found, sample["path"]):
            st.badge(wording.kind(kind), icon=":material/warning:", color="orange")


def _leaf(position: int, count: int) -> None:
    def go(step: int) -> None:
        st.session_state[_POSITION] = position + step

    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Previous",
            icon=":material/chevron_left:",
            disabled=position == 0,
            on_click=go,
            args=(-1,),
        )
        st.button(
            "Next",
            icon=":material/chevron_right:",
            disabled=position == count - 1,
            on_click=go,
            args=(1,),
        )
        st.caption(f"{position + 1:,} of {count:,}")
