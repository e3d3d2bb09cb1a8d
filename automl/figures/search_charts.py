"""Figures about the search as a whole: scores over time and over hyperparameters."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from automl.experiments import trial_settings
from automl.figures import baselines, timeline, wording
from automl.figures.charts import add_markers, finish, start_at_zero
from automl.figures.palette import ACCENT, SECOND, label, looks
from automl.figures.pauses import Clock
from automl.figures.trial_charts import MAX_NAME
from automl.texts import _

_HEIGHT = 400
_SCORE = "%{y:.3f}"  # in the template of a text that Plotly fills
_PLAIN = "~g"  # 0.0005, where Plotly would write 500µ
_FROM_WORST = [[0, SECOND], [0.5, "#999999"], [1, ACCENT]]


def over_time(
    points: Sequence[timeline.Point],
    steps: Sequence[timeline.Point],
    metric: str,
    clock: Clock,
) -> go.Figure:
    """Draw every evaluation at the time it ended, and the best score until then.

    Args:
        points: evaluations in the order of time.
        steps: those that raised the best score (see `timeline.History.improvements`).
        metric: key of the metric.
        clock: that of the points.
    """
    figure = go.Figure()
    add_markers(
        figure,
        [(point.trial, point.time, point.score) for point in points],
        lambda _model: f"{_after(clock)}<br>%{{text}}",
        size=6,
        opacity=0.6,
    )
    figure.add_scatter(
        x=[point.time for point in steps],
        y=[point.best for point in steps],
        name=_("best so far"),
        mode="lines",
        line={"color": ACCENT, "shape": "hv", "width": 2.5},
        hovertemplate=_("best {score} after {time}").format(score=_SCORE, time=clock.at_x)
        + "<extra></extra>",
    )
    finish(figure, _(clock.axis), wording.metric_heading(metric))
    figure.update_xaxes(rangemode="tozero")
    baselines.begin(
        figure, {point.trial.trial_id: point.trial for point in points}.values(), metric
    )
    return figure.update_layout(height=_HEIGHT, showlegend=True, hovermode="closest")


def best_over_time(history: timeline.History, metric: str) -> go.Figure:
    """Draw the steps of the best score; for a search that is still running."""
    figure = go.Figure()
    steps = history.improvements()
    figure.add_scatter(
        x=[point.time for point in steps],
        y=[point.best for point in steps],
        text=[label(wording.trial(point.trial), MAX_NAME) for point in steps],
        hovertemplate=f"{_after(history.clock)}<br>%{{text}}<extra></extra>",
        mode="lines+markers",
        line={"color": ACCENT, "shape": "hv", "width": 2.5},
        showlegend=False,
    )
    best = _("Best {metric}").format(metric=wording.metric(metric))
    return start_at_zero(figure, _(history.clock.axis), best)


def _after(clock: Clock) -> str:
    """Score and time of a point, in the template of a text that Plotly fills."""
    return _("{score} after {time}").format(score=_SCORE, time=clock.at_x)


def parallel(table: pd.DataFrame, metric: str, *, dark: bool) -> go.Figure:
    """Draw one line for each trial, through its hyperparameters to its score.

    Args:
        table: from `trial_settings.varying`.
        metric: key of the metric.
        dark: True for the dark theme, whose text colour this kind of figure does not take over.
    """
    dimensions = [_dimension(name, table[name]) for name in trial_settings.names(table)]
    dimensions.append({"label": wording.metric(metric), "values": table["score"]})
    ink = "#e8edf3" if dark else "#1b2430"
    figure = go.Figure()
    figure.add_parcoords(
        dimensions=dimensions,
        line={"color": table["score"], "colorscale": _FROM_WORST, "showscale": False},
        unselected={"line": {"color": "rgba(128, 128, 128, 0.2)"}},
        labelfont={"color": ink, "size": 12},
        tickfont={"color": ink, "size": 11},
        rangefont={"color": "rgba(0, 0, 0, 0)"},
        labelangle=-15,
    )
    # the slanted names above the axes need more margin than other figures have
    return figure.update_layout(height=_HEIGHT + 60, margin={"l": 90, "r": 40, "t": 90, "b": 20})


def _dimension(name: str, values: pd.Series) -> dict[str, object]:
    """Axis of one hyperparameter: numbers, their logarithms if they span decades, or words."""
    if trial_settings.is_number(values):
        import numpy as np

        numbers = values.astype("float64")
        if not trial_settings.is_logarithmic(values):
            filled = numbers.fillna(numbers.min())
            return {"label": _short(name), "values": filled, "tickformat": _PLAIN}
        logs = pd.Series(np.log10(numbers))
        ticks = list(range(int(np.floor(logs.min())), int(np.ceil(logs.max())) + 1))
        return {
            "label": _short(name),
            "values": logs.fillna(logs.min()),
            "tickvals": ticks,
            "ticktext": [f"{10.0**tick:g}" for tick in ticks],
            "range": [min(ticks), max(ticks)],
        }
    words = values.map(lambda value: wording.NOTHING if pd.isna(value) else str(value))
    order = sorted(set(words))
    return {
        "label": _short(name),
        "values": words.map(order.index),
        "tickvals": list(range(len(order))),
        "ticktext": [label(word, 14) for word in order],
    }


def _short(name: str) -> str:
    return label(name.replace("_", " "), 22)


def slice_of(table: pd.DataFrame, name: str, metric: str) -> go.Figure:
    """Draw the score over one hyperparameter, one point for each trial."""
    known = table[table[name].notna()]
    is_number = trial_settings.is_number(known[name])
    figure = go.Figure()
    look = looks(table["model"])  # of all models, so that each looks the same in every slice
    for model_name, members in known.groupby("model", sort=False):
        color, symbol = look[str(model_name)]
        values = members[name] if is_number else [label(str(value)) for value in members[name]]
        figure.add_scatter(
            x=values,
            y=members["score"],
            text=[f"#{number}" for number in members["trial"]],
            name=label(str(model_name)),
            mode="markers",
            marker={"color": color, "symbol": symbol, "size": 8, "opacity": 0.8},
            hovertemplate=_("%{text}: %{y:.3f} at %{x}"),
        )
    finish(figure, name.replace("_", " "), wording.metric_heading(metric))
    if is_number:
        figure.update_xaxes(tickformat=_PLAIN)
    if trial_settings.is_logarithmic(known[name]):
        figure.update_xaxes(type="log", dtick=1)
    return figure.update_layout(height=280, showlegend=False, hovermode="closest")
