"""Test data of an experiment: sealed, or opened and compared with the validation data."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import streamlit as st

from automl.access.permissions import Action
from automl.experiments import store
from automl.experiments.records import TestOpening, TrialRecord
from automl.figures import wording
from automl.reports import test_data
from automl.texts import _
from automl.ui import cached, cached_evaluation, guarded_actions, label_sets, tabs
from automl.ui.answers import classes_view, confusion_view, label_errors_view, labels_view


def sealed(experiment_dir: Path, num_pictures: int) -> None:
    """Draw what opening means, the choice of the trial, and the button, which asks to confirm."""
    metric = cached.job(experiment_dir).primary_metric
    ranked = cached.ranked(experiment_dir)
    if not ranked:
        st.info(_("No trial has a model to score."))
        return
    sealed = _(
        "**{pictures} are sealed.** No trial was trained on them or chosen by its score on them, "
        "so their score is an unbiased estimate for new pictures. They can be opened once, for one "
        "trial: choose the trial first."
    ).format(pictures=wording.count(num_pictures, "test picture"))
    st.markdown(f":material/lock: {sealed}")
    if not guarded_actions.may(Action.OPEN_TEST_DATA, experiment_dir):
        st.info(_("Only the owner of the experiment and admins can open them."))
        return
    by_id = {trial.trial_id: trial for trial in ranked}
    chosen = st.selectbox(
        _("Trial, best first"),
        list(by_id),
        format_func=lambda trial_id: _title(by_id[trial_id], metric),
        key="trial to test",
        width=520,
    )
    with st.popover(_("Open the test data"), icon=":material/lock_open:", type="primary"):
        st.markdown(
            _(
                "Score {title} on the test data? This cannot be undone: they stay open, for "
                "this trial only."
            ).format(title=wording.plain(_title(by_id[chosen], metric)))
        )
        if st.button(_("Open them now"), type="primary", key="open now"):
            _open(experiment_dir, chosen)


def _open(experiment_dir: Path, trial_id: str) -> None:
    bar = st.progress(0.0, _("Preparing the model"))

    def show_progress(done: int, total: int) -> None:
        bar.progress(
            done / total,
            _("{done} of {total} pictures").format(
                done=wording.integer(done), total=wording.integer(total)
            ),
        )

    try:
        guarded_actions.open_test_data(experiment_dir, trial_id, show_progress)
    except ValueError as error:
        st.error(wording.of_error(error))
    else:
        st.rerun()


def opened(experiment_dir: Path, opening: TestOpening, trial: TrialRecord) -> None:
    metric = cached.job(experiment_dir).primary_metric
    when = wording.local_time(opening.opened_at)
    user = opening.opened_by or _("an unknown user")
    st.caption(
        wording.plain(
            _("Opened for {trial} on {when} by {user}.").format(
                trial=wording.trial(trial), when=when, user=user
            )
        )
    )
    validation, test, pictures = st.columns(3)
    name = wording.metric(metric)
    scored_on = trial.scored_on
    validation.metric(
        _("{metric} in the search").format(metric=wording.metric_heading(metric)),
        wording.score_of(trial, metric),
        border=True,
        help=_(
            "{scored_on}. The best trial was chosen by this score, so it is slightly too high."
        ).format(scored_on=scored_on[:1].upper() + scored_on[1:]),
    )
    score = opening.metrics[metric]
    test.metric(
        _("Test {metric}").format(metric=name),
        wording.interval(score, opening.score_low, opening.score_high),
        border=True,
        help=_("Expected score on new pictures, with its 95 % interval."),
    )
    pictures.metric(_("Test pictures"), wording.integer(opening.num_pictures), border=True)
    if opening.num_unreadable:
        count = wording.count(opening.num_unreadable, "test picture")
        st.warning(_("{count} could not be read and were left out.").format(count=count))
    trial_answers = cached_evaluation.answers(
        experiment_dir, store.test_predictions_path(experiment_dir)
    )
    key = f"test data of {experiment_dir.name}"
    views: dict[str, Callable[[], None]] = {}
    if trial_answers and label_sets.are_in(experiment_dir):
        views = {
            _("Where it is wrong"): lambda: label_errors_view.show(trial_answers, key=key),
            _("Labels"): lambda: labels_view.show(trial_answers, key=key),
        }
    elif trial_answers:
        views = {
            _("Where it is wrong"): lambda: confusion_view.show(trial_answers, key=key),
            _("Classes"): lambda: classes_view.show(trial_answers, opening.metrics, key=key),
        }
    tabs.show({**views, _("All metrics"): lambda: _numbers(experiment_dir, trial, opening)})


def _numbers(experiment_dir: Path, trial: TrialRecord, opening: TestOpening) -> None:
    st.dataframe(
        side_by_side(trial, opening),
        hide_index=True,
        column_config={
            side: st.column_config.NumberColumn(format="%.3f")
            for side in (_("In the search"), _("Test"))
        },
    )
    if own := test_data.with_thresholds(experiment_dir, opening):
        scores = ", ".join(f"{wording.metric(key)} {own[key]:.3f}" for key in own)
        st.caption(
            _("On the test data with the thresholds of the model: {scores}.").format(scores=scores)
        )


def side_by_side(trial: TrialRecord, opening: TestOpening) -> pd.DataFrame:
    """Every metric of the trial, and on the test data."""
    best = trial.best_evaluation()
    in_search = best.metrics if best else {}
    return pd.DataFrame(
        {
            _("Metric"): [wording.metric_heading(name) for name in opening.metrics],
            _("In the search"): [in_search.get(name) for name in opening.metrics],
            _("Test"): list(opening.metrics.values()),
        }
    )


def _title(trial: TrialRecord, metric: str) -> str:
    return f"{wording.trial(trial)} · {wording.score_of(trial, metric)}"
