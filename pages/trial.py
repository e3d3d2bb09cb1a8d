"""Trial: where is it wrong, how did it get there, with which settings?"""

import streamlit as st

from automl.ui import cached, confusion_view, frame, selection, trial_view

experiment_dir, _ = frame.begin_with_experiment("Trial")
metric = cached.job(experiment_dir).primary_metric
trial = selection.require_trial(experiment_dir)


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
    wrong, curves, classes, settings = st.tabs(
        ["Where it is wrong", "Curves", "Classes and metrics", "Hyperparameters"]
    )
    predictions = cached.predictions(experiment_dir, now.trial_id)
    samples = cached.samples(experiment_dir)
    with wrong:
        if predictions is None or samples is None:
            st.info("The confusion matrix appears after the first evaluation.")
        else:
            key = f"{experiment_dir.name} {now.trial_id}"
            names = cached.class_names(experiment_dir)
            confusion_view.show(predictions, samples, names, key=key)
    with curves:
        trial_view.curves(now, metric)
        trial_view.every_evaluation(now)
    with classes:
        by_class, numbers = st.columns([3, 2])
        with by_class:
            if predictions is not None:
                confusion_view.by_class(predictions, cached.class_names(experiment_dir))
        with numbers:
            trial_view.metrics(now)
    with settings:
        trial_view.hyperparameters(now)


live_trial()
