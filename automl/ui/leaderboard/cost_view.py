"""Score against cost: latency, size or training time of a model, with the Pareto front."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from automl.experiments.records import TrialRecord
from automl.figures import charts, cost_chart, wording
from automl.figures.cost_chart import PricedTrial
from automl.texts import _
from automl.ui import figure_table, phone
from automl.ui.leaderboard import leaderboard_table

_MAX_POINTS = 200
"""Number of points beside those on the front. More hide each other and slow the browser down."""


def show(ranked: Sequence[TrialRecord], metric: str, experiment_dir: Path) -> None:
    """Draw the trials by score and a cost that the user chooses.

    Args:
        ranked: trials with a score, best first.
        metric: key of the primary metric.
        experiment_dir: directory of the experiment.
    """
    costs: dict[str, Callable[[TrialRecord], float | None]] = {
        _("Latency (ms)"): leaderboard_table.latency,
        _("Parameters (M)"): leaderboard_table.millions,
        _("Weights (MB)"): lambda trial: leaderboard_table.megabytes(experiment_dir, trial),
        _("Training (s)"): lambda trial: trial.seconds,
    }
    known = [name for name, cost in costs.items() if any(cost(trial) for trial in ranked)]
    if not known:
        return
    title = st.segmented_control(
        _("Cost"), known, default=known[0], required=True, key="cost", label_visibility="collapsed"
    )
    priced = [
        PricedTrial(trial, cost, score)
        for trial in ranked
        if (cost := costs[title](trial)) is not None
        and (score := trial.score(metric)) is not None
        and score == score  # not NaN
    ]
    front = set(cost_chart.front(priced))
    drawn = [each for n, each in enumerate(priced) if n < _MAX_POINTS or n in front]
    figure = cost_chart.score_and_cost(drawn, title, metric)
    st.plotly_chart(phone.fitted(figure), key="cost figure", config=charts.QUIET)
    with st.container(horizontal=True, vertical_alignment="center"):
        table = pd.DataFrame(
            {
                "trial": [each.trial.number for each in priced],
                "model": [each.trial.model_name for each in priced],
                title: [each.cost for each in priced],
                metric: [each.score for each in priced],
                _("on the front"): [position in front for position in range(len(priced))],
            }
        )
        figure_table.show(table, "score-and-cost")
        st.caption(_("Ringed: no other trial is better in both score and cost."))
    if len(drawn) < len(priced):
        st.caption(
            _("The best {shown} of {count} trials, and the ringed ones.").format(
                shown=_MAX_POINTS, count=wording.integer(len(priced))
            )
        )
