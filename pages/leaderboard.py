"""Leaderboard page: every trial of the experiment, best first."""

import streamlit as st

from automl.experiments import launcher, leaderboard
from automl.ui import (
    cached,
    deletion,
    page_header,
    selection,
    sharing_view,
    significance,
)
from automl.ui.dataset import data_choice
from automl.ui.leaderboard import cost_view, leaderboard_table, significance_view
from automl.ui.progress import progress_view

experiment_dir, state = page_header.begin_with_experiment("Leaderboard")
job = cached.job(experiment_dir)
metric = job.primary_metric
was_running = not state.is_finished

page_header.state_line(experiment_dir, state)
page_header.failure(experiment_dir, state)


@st.fragment(run_every="2s" if was_running else None)
def live_leaderboard() -> None:
    if was_running and launcher.state(experiment_dir) is not state:
        st.rerun()
    trials = cached.trials(experiment_dir)
    if not trials:
        progress_view.no_trial(state)
        return
    ranked = leaderboard.by_score(trials, metric)
    # no tests while the experiment runs: the best trial changes often, and a test takes a second
    p_values = (
        {} if was_running else significance.p_values_against_best(experiment_dir, ranked, metric)
    )
    progress_view.verdict(experiment_dir, state, ranked, metric)
    leaderboard_table.show(trials, metric, experiment_dir, p_values)
    if ranked:
        left, right = st.columns(2, gap="medium")
        with left:
            st.subheader("Is the difference real?")
            significance_view.show(ranked, metric, p_values)
        with right:
            st.subheader("What does it cost?")
            cost_view.show(ranked, metric, experiment_dir)


live_leaderboard()
with st.container(horizontal=True, vertical_alignment="center"):
    has_score = was_running or cached.experiment(experiment_dir).best_trial is not None
    if has_score:
        selection.link(
            "pages/predict.py",
            experiment_dir,
            "Try the best model",
            ":material/center_focus_strong:",
        )
    st.page_link(
        "pages/configure.py",
        label="New experiment with these pictures",
        icon=":material/add:",
        query_params=data_choice.link_to(job),
    )
    if has_score:
        selection.link(
            "pages/compare.py", experiment_dir, "Compare two trials", ":material/compare_arrows:"
        )
    sharing_view.buttons(experiment_dir)
    deletion.button(experiment_dir, state)
