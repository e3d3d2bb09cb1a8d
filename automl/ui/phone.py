"""Phones, whose pages are narrow."""

import copy
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:  # Plotly would delay the first page
    import plotly.graph_objects as go

_ENTRY_PIXELS, _MAX_ENTRIES = 16, 12


def is_one() -> bool:
    """True if the browser says so; the width of its window is nothing that the server knows."""
    return "Mobi" in st.context.headers.get("User-Agent", "")


def fitted(figure: "go.Figure") -> "go.Figure":
    """The figure; on a phone one like it with the legend below, not beside it, where it is wide."""
    if not is_one() or figure.layout.showlegend is False:
        return figure
    entries = sum(bool(trace.name) and trace.showlegend is not False for trace in figure.data)
    below = {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom"}
    height = figure.layout.height + _ENTRY_PIXELS * min(entries, _MAX_ENTRIES)
    return copy.deepcopy(figure).update_layout(legend=below, height=height)  # others may share it
