"""Compare page: differences between two trials, and a test of them."""

import streamlit as st

from automl.ui import frame, tabs
from automl.ui.compare import compare_view

experiment_dir, _ = frame.begin_with_experiment("pages/compare.py")
chosen = compare_view.choose(experiment_dir)
if chosen is None:
    st.stop()
tabs.show(
    {
        "Metrics": lambda: compare_view.numbers(*chosen),
        "Settings that differ": lambda: compare_view.settings(*chosen),
        "Curves": lambda: compare_view.curves(*chosen),
        "Pictures": lambda: compare_view.pictures(*chosen),
    }
)
