"""Search page: the search over time, hyperparameters that matter, trials ended early."""

import streamlit as st

from automl.texts import _
from automl.ui import cached, experiment_state, frame, links, tabs
from automl.ui.search import search_view

experiment_dir, state = frame.begin_with_experiment("pages/search.py")
metric = cached.job(experiment_dir).primary_metric
was_running = not state.is_finished


@st.fragment(run_every="2s" if was_running else None)
def live_search() -> None:
    trials = cached.trials(experiment_dir)
    if not trials:
        experiment_state.no_trial(experiment_dir, state)
        return
    if state.is_finished and not cached.ranked(experiment_dir):
        st.info(_("No trial was scored."))
        search_view.ended_early(trials, metric)
        links.new_experiment(experiment_dir)
        return
    tabs.show(
        {
            _("Over time"): lambda: search_view.over_time(experiment_dir, metric),
            _("Learning curves"): lambda: search_view.learning_curves(trials, metric),
            _("What matters"): lambda: search_view.what_matters(trials, metric, experiment_dir),
            _("Parallel coordinates"): lambda: search_view.parallel(trials, metric),
            _("Ended early"): lambda: search_view.ended_early(trials, metric),
        }
    )


live_search()
