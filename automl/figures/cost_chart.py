"""Score against cost, with the Pareto front: the trials that no other beats in both."""

from collections.abc import Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from automl.experiments.records import TrialRecord
from automl.figures import baselines, wording
from automl.figures.charts import add_markers, finish


class PricedTrial(NamedTuple):
    """A trial with its cost and its score."""

    trial: TrialRecord
    cost: float
    score: float


def front(priced: Sequence[PricedTrial]) -> list[int]:
    """Return the positions of the trials on the Pareto front, cheapest first.

    A trial is on it if every cheaper one scores less; of equals the first counts.
    """
    order = sorted(range(len(priced)), key=lambda n: (priced[n].cost, -priced[n].score))
    best: list[int] = []
    for position in order:
        if not best or priced[position].score > priced[best[-1]].score:
            best.append(position)
    return best


def score_and_cost(priced: Sequence[PricedTrial], cost_title: str, metric: str) -> go.Figure:
    """Draw every trial by cost and score; the front is ringed and joined by a line."""
    figure = go.Figure()
    on_front = [priced[position] for position in front(priced)]
    figure.add_scatter(
        x=[each.cost for each in on_front],
        y=[each.score for each in on_front],
        mode="lines+markers",
        line={"color": "rgba(128, 128, 128, 0.7)", "shape": "hv", "dash": "dot"},
        marker={"symbol": "circle-open", "size": 19, "line": {"width": 1.5}},
        hoverinfo="skip",
        showlegend=False,
    )
    add_markers(
        figure,
        [(each.trial, each.cost, each.score) for each in priced],
        lambda model: "%{text}: %{y:.3f} at %{x:.3g}<extra>" + model + "</extra>",
        size=10,
    )
    finish(figure, cost_title, wording.metric_heading(metric))
    figure.update_xaxes(rangemode="tozero")
    _begin_at_best_baseline(figure, [each.trial for each in priced], metric)
    if len(priced) == 1:  # around a single point Plotly shows far too much
        score = priced[0].score
        figure.update_yaxes(range=[score - 0.1, score + 0.1])
    return figure.update_layout(showlegend=True, hovermode="closest")


def _begin_at_best_baseline(figure: go.Figure, trials: Sequence[TrialRecord], metric: str) -> None:
    """Leave the majority class out of the range of the axis, and note its score at the edge."""
    rest = [trial for trial in trials if trial.method != "majority_class"]
    scores = [score for t in rest if (score := t.score(metric)) is not None and score == score]
    if scores and len(rest) < len(trials):
        figure.update_yaxes(range=baselines.within(min(scores), max(scores)))
        baselines.note_majority(figure, trials, metric)
