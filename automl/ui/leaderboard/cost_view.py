"""Score against cost: latency, size or training time of a model, with the Pareto front."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from automl.experiments.records import TrialRecord
from automl.figures import charts, cost_chart, wording
from automl.figures.cost_chart import PricedTrial
from automl.texts import _
from automl.ui import cached, figure_table, phone
from automl.ui.leaderboard import leaderboard_table
from automl.ui.version_cache import for_version

_MAX_POINTS = 200
"""Number of points beside those on the front. More hide each other and slow the browser down."""


def show(experiment_dir: Path) -> None:
    """Draw the trials by score and a cost that the user chooses; nothing if none is known."""
    priced_by = _priced_by(experiment_dir)
    if not priced_by:
        return
    known = list(priced_by)
    title = st.segmented_control(
        _("Cost"), known, default=known[0], required=True, key="cost", label_visibility="collapsed"
    )
    figure = _figure(experiment_dir, title)
    st.plotly_chart(phone.fitted(figure), key="cost figure", config=charts.QUIET)
    priced = priced_by[title]
    with st.container(horizontal=True, vertical_alignment="center"):
        metric = cached.job(experiment_dir).primary_metric
        figure_table.show(lambda: _table(priced, title, metric), "score-and-cost")
        st.caption(_("Ringed: no other trial is better in both score and cost."))
    if len(_drawn(priced)) < len(priced):
        st.caption(
            _("The best {shown} of {count} trials, and the ringed ones.").format(
                shown=_MAX_POINTS, count=wording.integer(len(priced))
            )
        )


@for_version(cached.content, max_entries=50)
def _priced_by(experiment_dir: Path) -> dict[str, list[PricedTrial]]:
    """Trials with a score, best first, by the costs that are known of any."""
    metric = cached.job(experiment_dir).primary_metric
    costs: dict[str, Callable[[TrialRecord], float | None]] = {
        _("Latency (ms)"): leaderboard_table.latency,
        _("Parameters (M)"): leaderboard_table.millions,
        _("Weights (MB)"): lambda trial: leaderboard_table.megabytes(experiment_dir, trial),
        _("Training (s)"): lambda trial: trial.seconds,
    }
    found = {
        title: [
            PricedTrial(trial, cost, score)
            for trial in cached.ranked(experiment_dir)
            if (cost := cost_of(trial)) is not None
            and (score := trial.score(metric)) is not None
            and score == score  # not NaN
        ]
        for title, cost_of in costs.items()
    }
    return {title: priced for title, priced in found.items() if priced}


@for_version(lambda experiment_dir, _title: cached.content(experiment_dir), max_entries=50)
def _figure(experiment_dir: Path, title: str) -> go.Figure:
    drawn = _drawn(_priced_by(experiment_dir)[title])
    return cost_chart.score_and_cost(drawn, title, cached.job(experiment_dir).primary_metric)


def _drawn(priced: list[PricedTrial]) -> list[PricedTrial]:
    front = set(cost_chart.front(priced))
    return [each for place, each in enumerate(priced) if place < _MAX_POINTS or place in front]


def _table(priced: list[PricedTrial], title: str, metric: str) -> pd.DataFrame:
    front = set(cost_chart.front(priced))
    return pd.DataFrame(
        {
            "trial": [each.trial.number for each in priced],
            "model": [each.trial.model_name for each in priced],
            title: [each.cost for each in priced],
            metric: [each.score for each in priced],
            _("on the front"): [place in front for place in range(len(priced))],
        }
    )
