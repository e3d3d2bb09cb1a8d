"""The confusion matrix as a figure whose cells can be clicked."""

from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from automl.evaluation import confusion
from automl.figures import wording
from automl.figures.charts import finish
from automl.figures.palette import ACCENT, label
from automl.texts import _, mark

_MAX_WITH_NUMBERS = 15
_MAX_EMPTY_CELLS = 40
COLORS = [
    [0, "rgba(213, 94, 0, 0.75)"],
    [0.4999, "rgba(213, 94, 0, 0.12)"],
    [0.5, "rgba(51, 136, 204, 0.04)"],
    [1, "rgba(51, 136, 204, 0.75)"],
]
"""Colours from the commonest error over empty cells to a class that is always right."""

_SHARES = {
    "row": mark("<br>{share:.1%} of the row"),
    "column": mark("<br>{share:.1%} of the column"),
}
INK, INK_ON_DARK = "#1b2430", "#e8edf3"


def figure_of(
    matrix: NDArray[np.int64],
    class_names: list[str],
    shown: list[int],
    *,
    unit: confusion.Unit = "count",
    dark: bool = False,
) -> go.Figure:
    """Draw a confusion matrix whose cells can be clicked: rows true, columns predicted.

    A click selects a point whose `customdata` is [true index, predicted index]. With more than
    40 classes the empty cells have no point, because the figure would grow by megabytes.

    Args:
        matrix: counts (K, K).
        class_names: K names.
        shown: indices of the classes to draw, in this order.
        unit: what the numbers in the cells are.
        dark: True for the dark theme.
    """
    counts = matrix[np.ix_(shown, shown)]
    share = confusion.shares(matrix, unit)[np.ix_(shown, shown)]
    positions, size = list(range(len(shown))), len(shown)
    names = [label(class_names[index], 14) for index in shown]
    figure = go.Figure()
    figure.add_heatmap(
        z=_signed(share),
        x=positions,
        y=positions,
        colorscale=COLORS,
        zmin=-1,
        zmax=1,
        xgap=1 if size <= _MAX_EMPTY_CELLS else 0,
        ygap=1 if size <= _MAX_EMPTY_CELLS else 0,
        showscale=False,
        hoverinfo="skip",
    )
    _add_clickable_cells(figure, counts, share, _Cells(shown, names, unit, dark))
    finish(figure, _("Predicted class"), _("True class"))
    ticks = {"tickvals": positions, "ticktext": names, "showgrid": False}
    # a slanting name ends at its class, so that the last one is not cut off on a phone
    figure.update_xaxes(range=[-0.5, size - 0.5], autotickangles=[0, -30, -90], **ticks)
    figure.update_yaxes(range=[size - 0.5, -0.5], **ticks)
    return figure.update_layout(height=460, hovermode="closest", dragmode=False)


def _signed(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares of right answers, from 0 to 1, and of wrong ones, from 0 to -1 for the largest.

    Errors have a hue and a scale of their own: one of 36 would not show beside the right answers.
    """
    wrong = np.where(np.eye(len(share), dtype=bool), 0.0, share)
    largest = wrong.max(initial=0.0)
    return np.where(wrong > 0, -wrong / (largest or 1.0), share - wrong)


class _Cells(NamedTuple):
    """Everything about the cells beside their numbers."""

    shown: list[int]
    """Class index of each row and column."""

    names: list[str]
    unit: confusion.Unit
    dark: bool


def _add_clickable_cells(
    figure: go.Figure, counts: NDArray[np.int64], share: NDArray[np.float64], cells: _Cells
) -> None:
    """Put an invisible point on every cell.

    Plotly selects points, not the cells of a heatmap. The points carry the numbers too, because
    the colour of the heatmap's own texts ignores the theme.
    """
    shown, names, unit, dark = cells
    size = len(shown)
    rows, columns = np.nonzero(np.ones_like(counts) if size <= _MAX_EMPTY_CELLS else counts)
    positions = list(zip(rows.tolist(), columns.tolist(), strict=True))
    has_numbers = size <= _MAX_WITH_NUMBERS
    ink = INK_ON_DARK if dark else INK
    figure.add_scatter(
        x=columns,
        y=rows,
        customdata=[[shown[row], shown[column]] for row, column in positions],
        text=[_text(counts[cell], share[cell], unit) for cell in positions]
        if has_numbers
        else None,
        textfont={"color": ink},
        hovertext=[
            _("{count} of {name} predicted as {other}").format(
                count=wording.integer(int(counts[row, column])),
                name=names[row],
                other=names[column],
            )
            + ("" if unit == "count" else _(_SHARES[unit]).format(share=share[row, column]))
            for row, column in positions
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        mode="markers+text" if has_numbers else "markers",
        marker={"symbol": "square", "size": max(6, 380 // size), "color": ACCENT, "opacity": 0},
        selected={"marker": {"opacity": 0.35}, "textfont": {"color": ink}},
        unselected={"marker": {"opacity": 0}, "textfont": {"color": ink}},
        showlegend=False,
    )


def _text(count: int, share: float, unit: confusion.Unit) -> str:
    if not count:
        return ""
    if unit == "count":
        return wording.integer(count)
    return f"{share:.2f}" if share >= 0.005 else "&lt;0.01"
