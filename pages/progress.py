"""Progress page: best score, remaining time, running trials and the log."""

import streamlit as st

from automl.experiments import leaderboard
from automl.experiments.records import ExperimentState
from automl.figures import wording
from automl.texts import _, again
from automl.ui import cached, frame, trial_table
from automl.ui.progress import going_on_view, notification, progress_view

experiment_dir, state = frame.begin_with_experiment(frame.TRAIN)
metric = cached.job(experiment_dir).primary_metric
was_running = not state.is_finished

if not was_running:
    notification.send(experiment_dir)
if state in (ExperimentState.STOPPED, ExperimentState.COMPLETED):
    st.caption(wording.plain(again(cached.experiment(experiment_dir).message)))
if not was_running and not cached.trials(experiment_dir):
    progress_view.no_trial(state)


@st.fragment(run_every="2s" if was_running else None)
def progress() -> None:
    record, trials = cached.experiment(experiment_dir), cached.trials(experiment_dir)
    ranked = leaderboard.by_score(trials, metric)
    progress_view.verdict(experiment_dir, state, ranked, metric)
    if not was_running:
        going_on_view.offer(experiment_dir, trials)
    if was_running:
        bar, tell = st.columns([6, 1], vertical_alignment="bottom")
        with bar:
            progress_view.preparation(record, state)
        with tell:
            notification.offer(experiment_dir)
    if was_running:  # above the charts, which grow: the button to stop a trial never moves
        num_lines = record.max_concurrent_trials
        progress_view.running_trials(experiment_dir, trials, metric, num_lines)
    if was_running or trials:
        progress_view.trials_over_time(record, trials)
        progress_view.curves(ranked, metric)
        progress_view.headline(record, state, trials, ranked, metric)
    if trials:
        st.subheader(_("Trials"))
        trial_table.show(trials, metric, experiment_dir.name)
    going_on_view.seams(record)
    progress_view.plan(record)
    for note in record.notes:
        st.caption(wording.plain(again(note)))
    progress_view.log(experiment_dir)


progress()
