"""Trial page: errors of a trial, its curves, its hyperparameters and its export."""

from collections.abc import Callable

import streamlit as st

from automl.experiments.records import Evaluation, TrialRecord
from automl.texts import _
from automl.ui import cached, cached_evaluation, export_view, frame, label_sets, tabs
from automl.ui.answers import answer_charts_view, classes_view, confusion_view, labels_view
from automl.ui.trial import errors_view, trial_view

experiment_dir, experiment_state, trial = frame.begin_with_trial("pages/trial.py")
metric = cached.job(experiment_dir).primary_metric


@st.fragment(run_every=None if trial.state.is_finished else "2s")
def live_trial() -> None:
    by_id = {record.trial_id: record for record in cached.trials(experiment_dir)}
    now = by_id[trial.trial_id]
    if now.state.is_finished and not trial.state.is_finished:
        st.rerun()
    trial_view.failure(now, is_alone=any(not each.error for each in by_id.values()))
    if now.state.is_finished and not now.evaluations:
        st.info(_("This trial ended before its first evaluation. Its hyperparameters were:"))
        trial_view.hyperparameters(now)
        return
    trial_view.headline(now, metric)
    trial_answers = cached_evaluation.of_trial(experiment_dir, now.trial_id)
    best = now.best_evaluation()
    views: dict[str, Callable[[], None]] = {
        _("Curves"): lambda: curves(now),
        _("All metrics"): lambda: trial_view.metrics(now),
        _("Hyperparameters"): lambda: trial_view.hyperparameters(now),
    }
    if trial_answers is None or best is None:
        st.info(_("Its errors, with the pictures, appear after the first evaluation."))
    else:
        export = {_("Take it away"): lambda: export_view.show(experiment_dir, now)}
        views = answers_views(trial_answers, best) | views | export
    tabs.show(views)


def curves(trial: TrialRecord) -> None:
    trial_view.curves(trial, metric)
    trial_view.every_evaluation(trial, metric)


def answers_views(
    trial_answers: cached_evaluation.Answers, best: Evaluation
) -> dict[str, Callable[[], None]]:
    key = f"{experiment_dir.name} {trial_answers.path.parent.name}"

    def errors() -> None:
        errors_view.show(trial_answers, key=key, is_finished=experiment_state.is_finished)

    def charts() -> None:
        answer_charts_view.show(trial_answers, key=key)

    if label_sets.are_in(experiment_dir):
        return {
            _("Labels"): lambda: labels_view.show(trial_answers, key=key),
            _("Errors"): errors,
            _("Charts"): charts,
        }
    return {
        _("Where it is wrong"): lambda: confusion_view.show(
            trial_answers,
            key=key,
            first=(st.query_params.get("true"), st.query_params.get("predicted")),
        ),
        _("Errors"): errors,
        _("Classes"): lambda: classes_view.show(trial_answers, best.metrics, key=key),
        _("Charts"): charts,
    }


live_trial()
