"""The search as a whole: scores over time, importance of hyperparameters, trials ended early."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from automl.errors import UserError
from automl.experiments import importance, leaderboard, trial_settings
from automl.experiments.records import TrialRecord, TrialState
from automl.figures import bar_charts, charts, search_charts, timeline, trial_charts, wording
from automl.texts import _, mark
from automl.ui import cached, curve_chart, figure_table, phone, theme
from automl.ui.version_cache import for_version

_MAX_POINTS = 1_000
_MAX_CURVES = 20
_MAX_SLICES = 6
_KINDS = (
    mark("Stopped by the bandit policy"),
    mark("Stopped by median stopping"),
    mark("Stopped by truncation selection"),
    mark("Stopped by ASHA"),
    mark("Stopped far behind the best trial"),
    mark("There was no time for it"),
)
"""Beginnings of the reasons that name numbers of a trial."""


def over_time(experiment_dir: Path, metric: str) -> None:
    """Draw every evaluation over time, thinned if there are too many for a browser."""
    history = cached.history(experiment_dir)
    num_points = len(history.scores)
    if not num_points:
        st.info(_("No trial has been scored. Points appear with the first evaluation."))
        return
    figure = phone.fitted(_over_time(experiment_dir))
    st.plotly_chart(figure, key="search over time", config=charts.QUIET)
    if (step := _step(history)) > 1:
        st.caption(
            _("One in {step} of the {points} evaluations, and every new best score.").format(
                step=step, points=wording.integer(num_points)
            )
        )
    figure_table.show(lambda: _evaluations(history, metric), "search-over-time")


@for_version(cached.content, max_entries=50)
def _over_time(experiment_dir: Path) -> go.Figure:
    history, metric = cached.history(experiment_dir), cached.job(experiment_dir).primary_metric
    shown = history.at(range(0, len(history.scores), _step(history)))
    return search_charts.over_time(shown, history.improvements(), metric, history.clock)


def _step(history: timeline.History) -> int:
    return math.ceil(len(history.scores) / _MAX_POINTS)


def _evaluations(history: timeline.History, metric: str) -> pd.DataFrame:
    numbers = np.array([trial.number for trial in history.trials])
    model_names = np.array([trial.model_name for trial in history.trials])
    return pd.DataFrame(
        {
            "minutes": history.times * history.clock.unit.seconds / 60,
            "trial": numbers[history.trial_positions],
            "model": model_names[history.trial_positions],
            metric: history.scores,
            _("best so far"): history.best,
        }
    )


def learning_curves(trials: Sequence[TrialRecord], metric: str) -> None:
    """Draw the learning curves of the best trials, of all, or of those the user chooses."""
    ranked = leaderboard.by_score(trials, metric)
    if not ranked:
        st.info(_("No trial has been scored. Curves appear with the first evaluation."))
        return
    by_number = {trial.number: trial for trial in ranked}
    left, right = st.columns([3, 1])
    chosen = left.multiselect(
        _("Trials, best first"),
        list(by_number),
        format_func=lambda number: f"#{number} {by_number[number].model_name}",
        placeholder=_("The best {shown}; choose others here").format(
            shown=min(_MAX_CURVES, len(ranked))
        ),
        key="trials with curves",
    )
    everything = right.toggle(_("All trials"), key="all curves")
    smoothing = right.slider(_("Smoothing"), 0.0, 0.95, 0.0, 0.05, key="smoothing")
    shown = ranked if everything else ranked[:_MAX_CURVES]
    if chosen:
        shown = [by_number[number] for number in chosen]
    figure = trial_charts.learning_curves(shown, metric, smoothing=smoothing, height=400)
    curve_chart.show(figure, "all learning curves")
    figure_table.show(lambda: _curves(shown, metric), "learning-curves")


def _curves(trials: Sequence[TrialRecord], metric: str) -> pd.DataFrame:
    rows = [
        (trial.number, trial.model_name, each.epoch, each.metrics[metric], each.train_loss)
        for trial in trials
        for each in trial.evaluations
    ]
    columns = pd.Index(["trial", "model", "epoch", metric, _("training loss")])
    return pd.DataFrame(rows, columns=columns)


def parallel(trials: Sequence[TrialRecord], metric: str) -> None:
    """Draw the trials in parallel coordinates, one axis for each hyperparameter that varies."""
    table = trial_settings.varying(_fine_tuned(trials), metric)
    if not trial_settings.names(table):
        st.info(_("So far all trials have the same hyperparameters."))
        return
    figure = search_charts.parallel(table, metric, dark=theme.is_dark())
    st.plotly_chart(figure, key="parallel coordinates", config=charts.QUIET)
    with st.container(horizontal=True, vertical_alignment="center"):
        figure_table.show(lambda: table, "hyperparameters")
        st.caption(
            _(
                "Drag along an axis to highlight the trials within that range. Blue trials "
                "are the best, orange ones the worst."
            )
        )


def what_matters(trials: Sequence[TrialRecord], metric: str, experiment_dir: Path) -> None:
    """Draw the importance of the hyperparameters, and the score over each of them."""
    table = trial_settings.varying(_fine_tuned(trials), metric)
    names = trial_settings.names(table)
    if not names:
        st.info(_("So far all trials have the same hyperparameters."))
        return
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.subheader(_("Importance"))
        names = _importance(table, names, experiment_dir)
    with right:
        st.subheader(_("Slices"))
        columns = st.columns(2)
        for position, name in enumerate(names[:_MAX_SLICES]):
            with columns[position % 2]:
                figure = search_charts.slice_of(table, name, metric)
                st.plotly_chart(figure, key=f"slice of {name}", config=charts.QUIET)
        if len(names) > _MAX_SLICES:
            st.caption(
                _("The first {shown} of {names} hyperparameters.").format(
                    shown=_MAX_SLICES, names=len(names)
                )
            )
        figure_table.show(lambda: table, "slices")


def _fine_tuned(trials: Sequence[TrialRecord]) -> Sequence[TrialRecord]:
    """Leave out the baselines: their scores do not depend on the hyperparameters of training.

    All trials if there are only baselines.
    """
    return [trial for trial in trials if trial.method == "fine_tuning"] or trials


def _importance(table: pd.DataFrame, names: list[str], experiment_dir: Path) -> list[str]:
    """Draw the importance if it can be computed; return the names, most important first."""
    stamp = f"{experiment_dir} {table.to_json()}"
    try:
        with st.spinner(_("Computing the importance")):
            shares = _shares(stamp, table[names], table["score"])
    except UserError as error:
        st.info(wording.of_error(error))
        return names
    figure = bar_charts.importance(shares)
    st.plotly_chart(figure, key="importance", config=charts.QUIET)
    columns = {"hyperparameter": shares.keys(), "importance": shares.values()}
    figure_table.show(lambda: pd.DataFrame(columns), "importance")
    st.caption(
        _(
            "Share of the variance of the scores that each hyperparameter explains "
            "(functional ANOVA), within the values that were tried."
        )
    )
    return [*shares, *(name for name in names if name not in shares)]


@st.cache_data(max_entries=64, show_spinner=False)
def _shares(
    stamp: str,  # noqa: ARG001 (the key)
    _values: pd.DataFrame,
    _scores: "pd.Series[float]",
) -> dict[str, float]:
    return importance.importances(_values, _scores)


def ended_early(trials: Sequence[TrialRecord], metric: str) -> None:
    """Show the trials that were stopped or failed, with the reasons."""
    early = [
        trial
        for trial in trials
        if trial.state in (TrialState.STOPPED, TrialState.FAILED) or trial.reason
    ]
    if not early:
        st.info(_("No trial has been ended early."))
        return
    table = pd.DataFrame(
        {
            _("Trial"): [trial.number for trial in early],
            _("Model"): [trial.model_name for trial in early],
            _("State"): [_(trial.state) for trial in early],
            _("Epoch"): [
                trial.evaluations[-1].epoch if trial.evaluations else 0 for trial in early
            ],
            _("Epochs asked for"): [timeline.planned_epochs(trial) for trial in early],
            wording.metric_heading(metric): [trial.score(metric) for trial in early],
            _("Why"): [wording.stored(trial.reason) for trial in early],
        }
    )
    counts = pd.Series([_kind_of_reason(trial.reason) for trial in early]).value_counts()
    for reason, amount in counts.head(5).items():
        st.markdown(f"- {wording.count(int(amount), 'trial')}: {wording.plain(str(reason))}")
    st.dataframe(
        table,
        hide_index=True,
        placeholder=wording.NOTHING,
        column_config={
            _("Trial"): st.column_config.NumberColumn(format="#%d", width=60),
            wording.metric_heading(metric): st.column_config.NumberColumn(format="%.3f"),
        },
    )
    figure_table.download(table, "ended-early")


def _kind_of_reason(reason: str) -> str:
    """An English reason without what differs from trial to trial, in the language of the page."""
    kind = next((kind for kind in _KINDS if reason.startswith(kind)), None)
    return _(kind) if kind else wording.stored(reason).rstrip(".")
