"""Trial: where is it wrong, how did it get there, with which settings?"""

import streamlit as st
from streamlit.elements.lib.mutable_tab_container import TabContainer

from automl.experiments.records import Evaluation
from automl.ui import cached, evaluated, frame, selection
from automl.ui.configure import launch
from automl.ui.trial import (
    answer_charts_view,
    classes_view,
    confusion_view,
    errors_view,
    export_view,
    trial_view,
)

experiment_dir, experiment_state = frame.begin_with_experiment("Trial")
launch.follow()
metric = cached.job(experiment_dir).primary_metric
trial = selection.require_trial(experiment_dir)
TABS = ["Where it is wrong", "Errors", "Classes", "Charts"]


@st.fragment(run_every=None if trial.state.is_finished else "2s")
def live_trial() -> None:
    now = {one.trial_id: one for one in cached.trials(experiment_dir)}[trial.trial_id]
    if now.state.is_finished and not trial.state.is_finished:
        st.rerun()
    trial_view.failure(now)
    if now.state.is_finished and not now.evaluations:
        st.info("This trial ended before its first evaluation. This is what it was asked to do:")
        trial_view.hyperparameters(now)
        return
    trial_view.headline(now, metric)
    of, best = evaluated.of_trial(experiment_dir, now.trial_id), now.best_evaluation()
    if of is None or best is None:
        st.info("The confusion matrix, with the pictures, appears after the first evaluation.")
        curves, settings = st.tabs(["Curves", "Hyperparameters"])
    else:
        *about_answers, curves, settings, away = st.tabs(
            [*TABS, "Curves", "Hyperparameters", "Take it away"],
            key=f"tab of {now.trial_id}",
            on_change="rerun",  # what is not in view is not computed
        )
        answers_view(of, best, about_answers)
        frame.fill([away], lambda: export_view.show(experiment_dir, now))
    with curves:
        trial_view.curves(now, metric)
        trial_view.every_evaluation(now, metric)
        trial_view.metrics(now)
    with settings:
        trial_view.hyperparameters(now)


def answers_view(of: evaluated.Answers, best: Evaluation, tabs: list[TabContainer]) -> None:
    key = f"{experiment_dir.name} {of.path.parent.name}"
    frame.fill(
        tabs,
        lambda: confusion_view.show(of, key=key),
        lambda: errors_view.show(of, key=key, is_finished=experiment_state.is_finished),
        lambda: classes_view.show(of, best.metrics, key=key),
        lambda: answer_charts_view.show(of, key=key),
    )


live_trial()
