"""Leaderboard: every trial of the experiment, best first."""

import streamlit as st

from automl import launcher, leaderboard
from automl.ui import cached, charts, data_choice, frame, ranking, trial_table, wording

experiment_dir, state = frame.begin_with_experiment("Leaderboard")
job = cached.job(experiment_dir)
metric = job.primary_metric
was_running = not state.is_finished

frame.state_line(experiment_dir, state)
frame.failure(experiment_dir, state)


@st.fragment(run_every="2s" if was_running else None)
def live_leaderboard() -> None:
    if was_running and launcher.state(experiment_dir) is not state:
        st.rerun()
    trials = cached.trials(experiment_dir)
    trial_table.show(trials, metric, experiment_dir.name)
    ranked = ranking.by_score(trials, metric)
    if ranked:
        st.subheader("Is the difference real?")
        num_tied = int(leaderboard.rank(ranked, metric)["tied_with_best"].sum()) - 1
        if num_tied > 0:
            st.caption(
                f"{wording.count(num_tied, 'other trial')} cannot be told from the best with the "
                "validation pictures there are: the intervals overlap its score."
            )
        figure = charts.intervals(ranked, metric)
        st.plotly_chart(figure, key="intervals", config=charts.QUIET)
        if len(ranked) > charts.MAX_LINES:
            st.caption(f"The best {charts.MAX_LINES} of {len(ranked):,} trials.")


live_leaderboard()
with st.container(horizontal=True):
    st.page_link(
        "pages/predict.py",
        label="Try the best model",
        icon=":material/center_focus_strong:",
        query_params={"experiment": experiment_dir.name},
    )
    st.page_link(
        "pages/configure.py",
        label="New experiment with these pictures",
        icon=":material/add:",
        query_params=data_choice.link_to(job),
    )
