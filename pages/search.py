"""Search: how did it go, what mattered, and what was ended early?"""

import streamlit as st

from automl import launcher
from automl.ui import cached, frame, search_view

experiment_dir, state = frame.begin_with_experiment("Search")
metric = cached.job(experiment_dir).primary_metric
was_running = not state.is_finished

frame.state_line(experiment_dir, state)
frame.failure(experiment_dir, state)


@st.fragment(run_every="2s" if was_running else None)
def live_search() -> None:
    if was_running and launcher.state(experiment_dir) is not state:
        st.rerun()
    trials = cached.trials(experiment_dir)
    if not trials:
        st.info("Here you see the search as a whole, as soon as the first trial starts.")
        return
    time, curves, matters, parallel, early = st.tabs(
        ["Over time", "Learning curves", "What matters", "Parallel coordinates", "Ended early"],
        key="search tab",
        on_change="rerun",  # what is not in view is not computed
    )
    if time.open:
        with time:
            search_view.over_time(experiment_dir, metric)
    if curves.open:
        with curves:
            search_view.learning_curves(trials, metric)
    if matters.open:
        with matters:
            search_view.what_matters(trials, metric, experiment_dir)
    if parallel.open:
        with parallel:
            search_view.parallel(trials, metric)
    if early.open:
        with early:
            search_view.ended_early(trials, metric)


live_search()
