"""Progress page: best score, remaining time, running trials and the log.

While a search runs, only what goes with the clock is drawn every two seconds. The charts, which
cost more than all the rest, are drawn anew when there is something new in them, and the longer that
takes, the more seldom: a page with many trials would keep a core busy.
"""

import time

import streamlit as st

from automl.experiments.records import ExperimentState
from automl.figures import wording
from automl.texts import _
from automl.ui import cached, experiment_state, frame, launch, trial_table
from automl.ui.progress import going_on_view, notification, progress_view

_DRAWN = "what the charts of the progress page show"
_AGAIN = "when the charts of the progress page may be drawn again"
_REST = 20  # seconds between two drawings of the charts, for each that it takes to draw them

experiment_dir, state = frame.begin_with_experiment(frame.TRAIN)
started = time.thread_time()
launch.follow()
metric = cached.job(experiment_dir).primary_metric
was_running = not state.is_finished
every = "2s" if was_running else None


@st.fragment(run_every=every)
def now_training() -> None:
    record, trials = cached.experiment(experiment_dir), cached.trials(experiment_dir)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        progress_view.preparation(record, state)
        notification.offer(experiment_dir)
    num_lines = record.max_concurrent_trials
    progress_view.running_trials(experiment_dir, trials, metric, num_lines)
    is_new = cached.content(experiment_dir) != st.session_state[_DRAWN]
    if is_new and time.monotonic() >= st.session_state.get(_AGAIN, 0):
        st.rerun()  # the whole page; before the buttons above it would lose their clicks


@st.fragment(run_every=every)
def headline() -> None:
    record, trials = cached.experiment(experiment_dir), cached.trials(experiment_dir)
    progress_view.headline(record, state, trials, cached.ranked(experiment_dir), metric)


st.session_state[_DRAWN] = cached.content(experiment_dir)
record, trials = cached.experiment(experiment_dir), cached.trials(experiment_dir)
ranked = cached.ranked(experiment_dir)
if not was_running:
    notification.send(experiment_dir)
if state in (ExperimentState.STOPPED, ExperimentState.COMPLETED):
    st.caption(wording.plain(wording.stored(record.message)))
if not was_running and not trials:
    experiment_state.no_trial(experiment_dir, state)
if was_running:  # above all that grows: the button to stop a trial never moves
    now_training()
progress_view.verdict(experiment_dir, state, ranked, metric)
if not was_running:
    going_on_view.offer(experiment_dir, trials)
if was_running or trials:
    progress_view.trials_over_time(experiment_dir)
    if was_running or ranked:
        progress_view.curves(experiment_dir)
    headline()
if trials:
    st.subheader(_("Trials"))
    trial_table.show(experiment_dir)
going_on_view.seams(record)
progress_view.plan(record)
for note in record.notes:
    st.caption(wording.plain(wording.stored(note)))
progress_view.log(experiment_dir)
st.session_state[_AGAIN] = time.monotonic() + _REST * (time.thread_time() - started)
