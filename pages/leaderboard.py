"""Leaderboard page: every trial of the experiment, best first."""

import streamlit as st

from automl.texts import _
from automl.ui import cached, experiment_state, frame, significance
from automl.ui.leaderboard import cost_view, leaderboard_table, significance_view
from automl.ui.progress import progress_view

experiment_dir, state = frame.begin_with_experiment(frame.CHOOSE)
job = cached.job(experiment_dir)
metric = job.primary_metric
was_running = not state.is_finished


@st.fragment(run_every="2s" if was_running else None)
def live_leaderboard() -> None:
    trials = cached.trials(experiment_dir)
    if not trials:
        experiment_state.no_trial(experiment_dir, state)
        return
    ranked = cached.ranked(experiment_dir)
    # no tests while the experiment runs: the best trial changes often, and a test takes a second
    p_values = (
        {} if was_running else significance.p_values_against_best(experiment_dir, ranked, metric)
    )
    progress_view.verdict(experiment_dir, state, ranked, metric, folded=True)
    leaderboard_table.show(experiment_dir, p_values)
    if ranked:
        left, right = st.columns(2, gap="medium")
        with left:
            st.subheader(_("Is the difference real?"))
            significance_view.show(experiment_dir, p_values)
        with right:
            st.subheader(_("What does it cost?"))
            cost_view.show(experiment_dir)


live_leaderboard()
