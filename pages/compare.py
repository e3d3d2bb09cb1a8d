"""Compare page: differences between two trials, and a test of them."""

import streamlit as st

from automl.ui import frame, label_sets, tabs
from automl.ui.compare import compare_view

experiment_dir, _ = frame.begin_with_experiment("pages/compare.py")


def pictures(first: compare_view.Side, second: compare_view.Side) -> None:
    for side in (first, second):
        label_sets.refuse(
            side.experiment_dir,
            "The comparison of pictures",
            "The tab Metrics compares the two trials and tests their difference.",
        )
    compare_view.pictures(first, second)


chosen = compare_view.choose(experiment_dir)
if chosen is None:
    st.stop()
tabs.show(
    {
        "Metrics": lambda: compare_view.numbers(*chosen),
        "Settings that differ": lambda: compare_view.settings(*chosen),
        "Curves": lambda: compare_view.curves(*chosen),
        "Pictures": lambda: pictures(*chosen),
    }
)
