"""Score against what a model costs: latency, size, time to train; with the trials worth having."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from automl.experiments.records import TrialRecord
from automl.figures import charts, pareto, wording
from automl.figures.palette import label, looks
from automl.ui import figure_table
from automl.ui.leaderboard import leaderboard_table

_MAX_POINTS = 200
"""Apart from those worth having. More would hide each other, and take a browser half a second."""

_Cost = Callable[[TrialRecord], float | None]
_Row = tuple[TrialRecord, float, float]
"""A trial, its cost and its score."""


def show(ranked: Sequence[TrialRecord], metric: str, experiment_dir: Path) -> None:
    """ranked: trials with a score."""
    offered: dict[str, _Cost] = {
        "Latency (ms)": leaderboard_table.latency,
        "Parameters (M)": leaderboard_table.millions,
        "Weights (MB)": lambda trial: leaderboard_table.megabytes(experiment_dir, trial),
        "Training (s)": lambda trial: trial.seconds,
    }
    known = [name for name, cost in offered.items() if any(cost(trial) for trial in ranked)]
    if not known:
        return
    title = st.segmented_control(
        "Cost", known, default=known[0], required=True, key="cost", label_visibility="collapsed"
    )
    rows = [
        (trial, cost, score)
        for trial in ranked
        if (cost := offered[title](trial)) is not None
        and (score := trial.score(metric)) is not None
        and score == score
    ]
    best = _front(rows)
    drawn = [row for place, row in enumerate(rows) if place < _MAX_POINTS or place in best]
    st.plotly_chart(figure(drawn, title, metric), key="cost figure", config=charts.QUIET)
    with st.container(horizontal=True, vertical_alignment="center"):
        table = pd.DataFrame(
            {
                "trial": [trial.number for trial, _, _ in rows],
                "model": [trial.model_name for trial, _, _ in rows],
                title: [cost for _, cost, _ in rows],
                metric: [score for _, _, score in rows],
                "on the front": [place in best for place in range(len(rows))],
            }
        )
        figure_table.show(table, "score-and-cost")
        st.caption("Ringed: trials that no other one beats in both.")
    if len(drawn) < len(rows):
        st.caption(f"The best {_MAX_POINTS} of {len(rows):,} trials, and those ringed.")


def figure(rows: Sequence[_Row], cost: str, metric: str) -> go.Figure:
    """Trials with cost and score; those worth having are joined by a line."""
    front = _front(rows)
    drawn = go.Figure()
    drawn.add_scatter(
        x=[rows[place][1] for place in front],
        y=[rows[place][2] for place in front],
        mode="lines+markers",
        line={"color": "rgba(128, 128, 128, 0.7)", "shape": "hv", "dash": "dot"},
        marker={"symbol": "circle-open", "size": 19, "line": {"width": 1.5}},
        hoverinfo="skip",
        showlegend=False,
    )
    by_model: dict[str, list[_Row]] = {}
    for row in rows:
        by_model.setdefault(row[0].model_name, []).append(row)
    for model_name, (color, symbol) in looks(by_model).items():
        members = by_model[model_name]
        drawn.add_scatter(
            x=[cost for _, cost, _ in members],
            y=[score for _, _, score in members],
            text=[f"#{trial.number}" for trial, _, _ in members],
            name=label(model_name),
            mode="markers",
            marker={"color": color, "symbol": symbol, "size": 10},
            hovertemplate="%{text}: %{y:.3f} at %{x:.3g}<extra>" + label(model_name) + "</extra>",
        )
    charts.finish(drawn, cost, wording.metric_heading(metric))
    drawn.update_xaxes(rangemode="tozero")
    if len(rows) == 1:  # around a single point Plotly shows far too much
        score = rows[0][2]
        drawn.update_yaxes(range=[score - 0.1, score + 0.1])
    return drawn.update_layout(showlegend=True, hovermode="closest")


def _front(rows: Sequence[_Row]) -> list[int]:
    """The places of those worth having, cheapest first."""
    return pareto.front([cost for _, cost, _ in rows], [score for _, _, score in rows])
