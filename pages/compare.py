"""Compare: what is different between two trials, and does it matter?"""

import streamlit as st

from automl.ui import compare_view, frame

experiment_dir, _ = frame.begin_with_experiment("Compare")
chosen = compare_view.choose(experiment_dir)
if chosen is None:
    st.stop()
one, other = chosen
numbers, settings, curves, pictures = st.tabs(
    ["Metrics", "Settings that differ", "Curves", "Pictures"], key="compare tab", on_change="rerun"
)
if numbers.open:
    with numbers:
        compare_view.numbers(one, other)
if settings.open:
    with settings:
        compare_view.settings(one, other)
if curves.open:
    with curves:
        compare_view.curves(one, other)
if pictures.open:
    with pictures:
        compare_view.pictures(one, other)
