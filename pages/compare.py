"""Compare page: differences between two trials, and a test of them."""

import streamlit as st

from automl.ui import page_header
from automl.ui.compare import compare_view

experiment_dir, _ = page_header.begin_with_experiment("Compare")
chosen = compare_view.choose(experiment_dir)
if chosen is None:
    st.stop()
tabs = st.tabs(
    ["Metrics", "Settings that differ", "Curves", "Pictures"], key="compare tab", on_change="rerun"
)
page_header.fill(
    tabs,
    lambda: compare_view.numbers(*chosen),
    lambda: compare_view.settings(*chosen),
    lambda: compare_view.curves(*chosen),
    lambda: compare_view.pictures(*chosen),
)
