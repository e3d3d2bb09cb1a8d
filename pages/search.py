"""Search page: the search over time, hyperparameters that matter, trials ended early."""

import streamlit as st

from automl.experiments import launcher
from automl.ui import cached, page_header
from automl.ui.progress import progress_view
from automl.ui.search import search_view

experiment_dir, state = page_header.begin_with_experiment("Search")
metric = cached.job(experiment_dir).primary_metric
was_running = not state.is_finished

page_header.state_line(experiment_dir, state)
page_header.failure(experiment_dir, state)


@st.fragment(run_every="2s" if was_running else None)
def live_search() -> None:
    if was_running and launcher.state(experiment_dir) is not state:
        st.rerun()
    trials = cached.trials(experiment_dir)
    if not trials:
        progress_view.no_trial(state)
        return
    tabs = st.tabs(
        ["Over time", "Learning curves", "What matters", "Parallel coordinates", "Ended early"],
        key="search tab",
        on_change="rerun",
    )
    page_header.fill(
        tabs,
        lambda: search_view.over_time(experiment_dir, metric),
        lambda: search_view.learning_curves(trials, metric),
        lambda: search_view.what_matters(trials, metric, experiment_dir),
        lambda: search_view.parallel(trials, metric),
        lambda: search_view.ended_early(trials, metric),
    )


live_search()
