"""Figures that both themes can show."""

from collections.abc import Sequence

import plotly.graph_objects as go

from automl.dataset.report import Distribution
from automl.experiments.records import TrialRecord
from automl.figures import timeline, wording
from automl.figures.palette import ACCENT, DASHES, SECOND, family_look, label, looks

_GRID = "rgba(128, 128, 128, 0.25)"
MAX_LINES = 20
_MAX_MARKERS = 10
MAX_NAME = 36  # characters of the longest: #12 mobilenetv1_100, linear probe
QUIET = {"displayModeBar": False}
CLICKABLE = {**QUIET, "doubleClickDelay": 0}
"""Two clicks are two: as a double click, what the second one selects would be deselected."""


def learning_curves(ranked: list[TrialRecord], metric: str) -> go.Figure:
    """The metric over epochs of the first trials; the caller says so where there are more."""
    figure = go.Figure()
    for number, trial in enumerate(ranked[:MAX_LINES]):
        color, symbol = family_look(trial.model_name)
        figure.add_scatter(
            x=[evaluation.epoch for evaluation in trial.evaluations],
            y=[evaluation.metrics[metric] for evaluation in trial.evaluations],
            name=label(wording.trial(trial), MAX_NAME),
            mode="lines+markers",
            line={"color": color, "width": 1.5, "dash": DASHES[number % len(DASHES)]},
            # each is an element of the page, and those of 100 epochs would cover the line
            marker={"symbol": symbol, "size": 5, "maxdisplayed": _MAX_MARKERS},
        )
    figure.update_layout(showlegend=True)  # Plotly hides the legend of a single line
    _growing(figure, "Epoch", wording.metric_heading(metric))
    return over_epochs(figure, ranked)


def over_epochs(figure: go.Figure, trials: Sequence[TrialRecord]) -> go.Figure:
    """With room for markers at epoch 0, where models that are not trained have theirs."""
    last = (trial.evaluations[-1].epoch for trial in trials if trial.evaluations)
    longest = max(last, default=0) or 1
    return figure.update_xaxes(range=[-0.03 * longest, 1.03 * longest])


def best_over_time(history: timeline.History, metric: str) -> go.Figure:
    figure = go.Figure()
    steps = history.improvements()
    figure.add_scatter(
        x=[point.minutes for point in steps],
        y=[point.best for point in steps],
        text=[label(wording.trial(point.trial), MAX_NAME) for point in steps],
        hovertemplate="%{y:.3f} after %{x:.1f} min<br>%{text}<extra></extra>",
        mode="lines+markers",
        line={"color": ACCENT, "shape": "hv", "width": 2.5},
        showlegend=False,
    )
    best = f"Best {wording.metric(metric)}"
    return _growing(figure, "Minutes since the first trial started", best)


def losses(trial: TrialRecord) -> go.Figure:
    figure = go.Figure()
    epochs = [evaluation.epoch for evaluation in trial.evaluations]
    for name, values, color, dash in (
        ("training", [e.train_loss for e in trial.evaluations], ACCENT, "solid"),
        ("validation", [e.valid_loss for e in trial.evaluations], SECOND, "dash"),
    ):
        line = {"color": color, "dash": dash}
        figure.add_scatter(x=epochs, y=values, name=name, mode="lines+markers", line=line)
    return _growing(figure, "Epoch", "Cross-entropy (nats)")


def intervals(ranked: list[TrialRecord], metric: str) -> go.Figure:
    """Scores of the first trials with their 95 % intervals, best on top."""
    top = ranked[:MAX_LINES]
    figure = go.Figure()
    look = looks(trial.model_name for trial in ranked)
    for trial in top:
        color, symbol = look[trial.model_name]
        score = trial.score(metric)
        low, high = trial.score_low, trial.score_high
        above, below = (
            (0.0, 0.0)
            if score is None or low is None or high is None
            else (high - score, score - low)
        )
        figure.add_scatter(
            x=[score],
            y=[label(wording.trial(trial), MAX_NAME)],
            error_x={"type": "data", "array": [above], "arrayminus": [below]},
            marker={"color": color, "symbol": symbol, "size": 10},
            hovertemplate="%{x:.3f}<extra>%{y}</extra>",
            showlegend=False,
        )
    figure.update_yaxes(autorange="reversed")
    return _tall(figure, len(top), f"{wording.metric_heading(metric)}, 95 % interval")


def classes(counts: dict[str, int], limit: int = 30) -> go.Figure:
    """Pictures per class, the largest on top."""
    ordered = sorted(counts.items(), key=lambda item: -item[1])[:limit]
    figure = go.Figure()
    figure.add_bar(
        x=[amount for _, amount in ordered],
        y=list(range(len(ordered))),
        text=[f"{amount:,}" for _, amount in ordered],
        orientation="h",
        marker_color=ACCENT,
        hoverinfo="skip",
    )
    names = [label(name) for name, _ in ordered]
    figure.update_yaxes(tickvals=list(range(len(names))), ticktext=names, autorange="reversed")
    return _tall(figure, len(ordered), "Pictures")


def distribution(found: Distribution, name: str) -> go.Figure:
    """A histogram over bins that grow in proportion."""
    figure = go.Figure()
    pairs = zip(found.edges, found.edges[1:], strict=False)
    figure.add_bar(
        x=[f"{low:.3g}–{high:.3g}" for low, high in pairs],
        y=found.counts,
        marker_color=ACCENT,
        hovertemplate="%{x}: %{y} pictures<extra></extra>",
    )
    return finish(figure, name, "Pictures").update_layout(height=200)


def probabilities(by_label: dict[str, float], limit: int = 3) -> go.Figure:
    """The most probable classes of one picture."""
    likely = sorted(by_label.items(), key=lambda item: -item[1])[:limit]
    figure = go.Figure()
    figure.add_bar(
        x=[probability for _, probability in likely],
        y=list(range(len(likely))),
        text=[f"{probability:.3f}" for _, probability in likely],
        orientation="h",
        marker_color=[ACCENT] + ["#8a97a6"] * (len(likely) - 1),
        hoverinfo="skip",
    )
    names = [label(name) for name, _ in likely]
    figure.update_yaxes(tickvals=list(range(len(names))), ticktext=names, autorange="reversed")
    figure.update_xaxes(range=[0, 1.15], tickvals=[0, 0.5, 1])
    return _tall(figure, len(likely), "Probability")


def _growing(figure: go.Figure, x: str, y: str) -> go.Figure:
    """Axes that make sense before the first point, too."""
    figure.update_xaxes(rangemode="tozero")
    figure.update_yaxes(rangemode="nonnegative")  # around a single point Plotly shows -1 to 1
    if not any(trace.x for trace in figure.data):
        figure.update_xaxes(range=[0, 1])
        figure.update_yaxes(range=[0, 1])
    return finish(figure, x, y)


def _tall(figure: go.Figure, num_rows: int, x: str) -> go.Figure:
    """As high as its rows need; no lines behind them."""
    finish(figure, x, "")
    figure.update_yaxes(showgrid=False)
    return figure.update_layout(height=90 + 26 * num_rows)


def finish(figure: go.Figure, x: str, y: str) -> go.Figure:
    """The same frame for all."""
    figure.update_xaxes(title=x, gridcolor=_GRID, zeroline=False)
    figure.update_yaxes(title=y, gridcolor=_GRID, zeroline=False)
    return figure.update_layout(
        height=300,
        margin={"l": 0, "r": 8, "t": 8, "b": 0},
        legend={"orientation": "v", "font": {"size": 11}},
        uirevision="same",  # zoom and hidden lines stay while the figure grows
    )
