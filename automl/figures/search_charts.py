"""Figures about the search as a whole."""

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from automl.experiments import trial_settings
from automl.experiments.records import TrialRecord
from automl.figures import timeline, wording
from automl.figures.charts import MAX_NAME, finish, over_epochs
from automl.figures.palette import ACCENT, DASHES, SECOND, family_look, label, looks

_HEIGHT = 400
_PLAIN = "~g"  # 0.0005, where Plotly would write 500µ
_FROM_WORST = [[0, SECOND], [0.5, "#999999"], [1, ACCENT]]


def over_time(
    points: Sequence[timeline.Point], steps: Sequence[timeline.Point], metric: str
) -> go.Figure:
    """Evaluations where they ended, and the steps of the best until then."""
    figure = go.Figure()
    by_model: dict[str, list[timeline.Point]] = {}
    for point in points:
        by_model.setdefault(point.trial.model_name, []).append(point)
    for model_name, (color, symbol) in looks(by_model).items():
        members = by_model[model_name]
        figure.add_scatter(
            x=[point.minutes for point in members],
            y=[point.score for point in members],
            text=[f"#{point.trial.number}" for point in members],
            name=label(model_name),
            mode="markers",
            marker={"color": color, "symbol": symbol, "size": 6, "opacity": 0.6},
            hovertemplate="%{text}: %{y:.3f} after %{x:.1f} min",
        )
    figure.add_scatter(
        x=[point.minutes for point in steps],
        y=[point.best for point in steps],
        name="best so far",
        mode="lines",
        line={"color": ACCENT, "shape": "hv", "width": 2.5},
        hovertemplate="best %{y:.3f} after %{x:.1f} min<extra></extra>",
    )
    finish(figure, "Minutes since the first trial started", wording.metric_heading(metric))
    figure.update_xaxes(rangemode="tozero")
    return figure.update_layout(height=_HEIGHT, showlegend=True, hovermode="closest")


def learning_curves(trials: Sequence[TrialRecord], metric: str, smoothing: float) -> go.Figure:
    """smoothing: from 0, every evaluation as it is, to 1, excluded, which never moves."""
    figure = go.Figure()
    for number, trial in enumerate(trials):
        color, _ = family_look(trial.model_name)
        scores = [evaluation.metrics[metric] for evaluation in trial.evaluations]
        figure.add_scattergl(
            x=[evaluation.epoch for evaluation in trial.evaluations],
            y=smoothed(scores, smoothing),
            customdata=scores,
            name=label(wording.trial(trial), MAX_NAME),
            mode="lines+markers" if len(scores) < 3 else "lines",
            line={"color": color, "width": 1.5, "dash": DASHES[number % len(DASHES)]},
            hovertemplate="epoch %{x}: %{customdata:.3f}",
        )
    finish(figure, "Epoch", wording.metric_heading(metric))
    return over_epochs(figure, trials).update_layout(height=_HEIGHT, showlegend=len(trials) <= 40)


def smoothed(values: Sequence[float], weight: float) -> list[float]:
    """Exponential moving average, its start corrected as in Adam; of equal values nothing moves."""
    average, total, found = 0.0, 0.0, []
    for value in values:
        if value == value:  # a diverged evaluation must not spoil all that follow
            average = weight * average + (1 - weight) * value
            total = weight * total + (1 - weight)
        found.append(average / total if total else value)
    return found


def parallel(table: pd.DataFrame, metric: str, *, dark: bool) -> go.Figure:
    """One line a trial through its hyperparameters to its score."""
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
    # the frame of the other figures has no place for the slanted names above the axes
    return figure.update_layout(height=_HEIGHT + 60, margin={"l": 90, "r": 40, "t": 90, "b": 20})


def _dimension(name: str, values: pd.Series) -> dict[str, object]:
    """Numbers on an axis of their own, logarithms where they spread; words in rows."""
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


def importance(shares: Mapping[str, float]) -> go.Figure:
    names = [label(name.replace("_", " "), 30) for name in shares]
    figure = go.Figure()
    figure.add_bar(
        x=list(shares.values()),
        y=list(range(len(names))),
        orientation="h",
        marker_color=ACCENT,
        text=[f"{share:.2f}" for share in shares.values()],
        hoverinfo="skip",
    )
    finish(figure, "Share of the spread of the scores", "")
    figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=names, autorange="reversed", showgrid=False
    )
    return figure.update_layout(height=90 + 30 * len(names))


def slice_of(table: pd.DataFrame, name: str, metric: str) -> go.Figure:
    """The score over one hyperparameter, one point a trial."""
    known = table[table[name].notna()]
    is_number = trial_settings.is_number(known[name])
    figure = go.Figure()
    look = looks(table["model"])  # also of those that do not have this hyperparameter
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
            hovertemplate="%{text}: %{y:.3f} at %{x}",
        )
    finish(figure, name.replace("_", " "), wording.metric_heading(metric))
    if is_number:
        figure.update_xaxes(tickformat=_PLAIN)
    if trial_settings.is_logarithmic(known[name]):
        figure.update_xaxes(type="log", dtick=1)
    return figure.update_layout(height=280, showlegend=False, hovermode="closest")
