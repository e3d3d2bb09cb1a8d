"""Draw one picture of a data set enlarged, with what can be changed about it."""

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from automl.dataset import gallery_filter
from automl.dataset.manifest import Manifest
from automl.figures import wording
from automl.texts import mark
from automl.ui import enlargement
from automl.ui.dataset import corrections_view
from automl.ui.dialog import dialog

_POSITION = "position of the picture in view"


def open_at(
    position: int, rows: pd.DataFrame, corrected: Manifest, original: Manifest | None
) -> None:
    """Open the dialog at one of the rows; buttons lead to the next and previous ones.

    Args:
        position: of the row.
        rows: samples of `corrected`, at least one.
        corrected: the data set as corrected.
        original: the data set as it is; None if nothing can be changed.
    """
    st.session_state[_POSITION] = position
    show(rows, corrected, original)


@dialog(mark("Picture"), width="large")
def show(rows: pd.DataFrame, corrected: Manifest, original: Manifest | None) -> None:
    """Draw the row at the current position; arguments as of `open_at`."""
    position: int = st.session_state[_POSITION]
    sample = rows.iloc[position]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        size = int(sample["width"]), int(sample["height"])
        label, rendering = str(sample["label"]), corrected.rendering
        enlargement.show(Path(sample["path"]), size, label, rendering)
    with right:
        enlargement.leaf(len(rows), key=_POSITION)
        _facts(sample, corrected)
        if original and corrections_view.of_picture(sample, corrected, original):
            st.rerun()


def _facts(sample: "pd.Series[Any]", corrected: Manifest) -> None:
    st.markdown(f"**{wording.plain(str(sample['label']))}**")
    size = f"{sample['width']} × {sample['height']} px"
    weight = f"{wording.number(sample['num_bytes'] / 1000)} kB"
    facts = [sample["split"], size, sample["format"], sample["mode"], weight]
    st.caption(wording.plain(" · ".join(facts)))
    st.code(sample["path"], language=None, wrap_lines=True)
    with st.container(horizontal=True, gap="xsmall"):
        for kind in gallery_filter.findings_of(corrected, sample["path"]):
            st.badge(wording.kind(kind), icon=":material/warning:", color="orange")
