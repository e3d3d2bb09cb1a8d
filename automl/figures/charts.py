"""Frame and axes that all figures share; both themes can show them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import plotly.graph_objects as go

from automl.experiments.records import TrialRecord
from automl.figures import ink
from automl.figures.palette import label, looks

_GRID = "rgba(128, 128, 128, 0.25)"
QUIET = {"displayModeBar": False}
CLICKABLE = {**QUIET, "doubleClickDelay": 0}
"""Without a delay two clicks stay two clicks; a double click would clear the selection."""

MOVABLE = {
    "displaylogo": False,
    "scrollZoom": True,
    "modeBarButtons": [["lasso2d", "select2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]],
}
"""With buttons to circle points and to zoom."""


def add_markers(
    figure: go.Figure,
    points: Iterable[tuple[TrialRecord, float, float]],
    hover: Callable[[str], str],
    **marker: Any,
) -> None:
    """Add a series of markers for each model.

    Args:
        figure: gets the series.
        points: trial, x and y of each marker.
        hover: template of the text at a marker, from the label of its model.
        marker: further properties of the markers, for example their size.
    """
    by_model: dict[str, list[tuple[TrialRecord, float, float]]] = {}
    for point in points:
        by_model.setdefault(point[0].model_name, []).append(point)
    for model_name, (color, symbol) in looks(by_model).items():
        members = by_model[model_name]
        figure.add_scatter(
            x=[x for _, x, _ in members],
            y=[y for _, _, y in members],
            text=[f"#{trial.number}" for trial, _, _ in members],
            name=label(model_name),
            mode="markers",
            marker={"color": color, "symbol": symbol, **marker},
            hovertemplate=hover(label(model_name)),
        )


def place(point: Mapping[str, Any]) -> int | None:
    """Number that a figure gave the point which was clicked as `customdata`; None without one."""
    value = point.get("customdata")
    return None if value is None else int(value[0] if isinstance(value, list) else value)


def finish(figure: go.Figure, x: str, y: str) -> go.Figure:
    """Set axis titles, grid, margins, legend and the colour of their words."""
    font = {"color": ink.of_words()}
    axes = {"gridcolor": _GRID, "zeroline": False, "tickfont": font}
    figure.update_xaxes(title={"text": x, "font": font}, **axes)
    figure.update_yaxes(title={"text": y, "font": font}, **axes)
    return figure.update_layout(
        height=300,
        margin={"l": 0, "r": 8, "t": 8, "b": 0},
        legend={"orientation": "v", "font": {"size": 11, **font}},
        uirevision="same",  # zoom and hidden lines stay while the figure grows
    )


def start_at_zero(figure: go.Figure, x: str, y: str) -> go.Figure:
    """Finish a figure that grows while an experiment runs, with axes that begin at 0 or above.

    Around a single point, and without any, Plotly would show -1 to 1. Scores below 0, which
    macro recall over chance can have, stay in view.
    """
    heights = [height for trace in figure.data for height in trace.y or () if height is not None]
    figure.update_xaxes(rangemode="tozero")
    figure.update_yaxes(rangemode="normal" if any(y < 0 for y in heights) else "nonnegative")
    if len({*heights}) == 1 and heights[0] >= 0:
        figure.update_yaxes(range=[0, max(1.0, 1.1 * heights[0])])  # no score is above 1
    if not any(trace.x for trace in figure.data):
        figure.update_xaxes(range=[0, 1])
        figure.update_yaxes(range=[0, 1])
    return finish(figure, x, y)


def fit_rows(figure: go.Figure, num_rows: int, x: str) -> go.Figure:
    """Finish a figure with one row for each thing: its height follows from the number of rows."""
    finish(figure, x, "")
    figure.update_yaxes(showgrid=False)
    return figure.update_layout(height=90 + 26 * num_rows)
