"""Figures about the answers of a trial: curves, calibration, confidence and coverage."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from automl.evaluation.confidence import Calibration, Coverage
from automl.evaluation.curves import Curve, Kind
from automl.figures.charts import finish
from automl.figures.palette import ACCENT, DASHES, SECOND, SERIES, label

AXES: dict[Kind, tuple[str, str]] = {
    "roc": ("False positive rate", "True positive rate"),
    "precision_recall": ("Recall", "Precision"),
    "gains": ("Share of the pictures, most probable first", "Share of the class found"),
    "lift": ("Share of the pictures, most probable first", "Times better than chance"),
}
_REFERENCE = {"color": "rgba(128, 128, 128, 0.7)", "dash": "dot", "width": 1}
_HEIGHT = 400


def lines(
    kind: Kind, curves: Mapping[str, Curve], perfect: Mapping[str, Curve] | None = None
) -> go.Figure:
    """One line a class or average, over what chance would give.

    Args:
        kind: of the curves.
        curves: by name.
        perfect: what each could be at best, by the same names.
    """
    x, y = AXES[kind]
    figure = go.Figure()
    for number, (name, one) in enumerate(curves.items()):
        color = SERIES[number % len(SERIES)]
        dash = DASHES[number // len(SERIES) % len(DASHES)]
        figure.add_scatter(
            x=one.x,
            y=one.y,
            name=label(name),
            legendgroup=str(number),
            mode="lines",
            line={"color": color, "dash": dash, "width": 2},
            hovertemplate=f"{x} %{{x:.3f}}<br>{y} %{{y:.3f}}<extra>{label(name)}</extra>",
        )
        if perfect:
            best = perfect[name]
            figure.add_scatter(
                x=best.x,
                y=best.y,
                name="perfect",
                legendgroup=str(number),  # hidden together with its curve
                showlegend=False,
                mode="lines",
                line={"color": color, "dash": "dot", "width": 1},
                hoverinfo="skip",
            )
    if kind != "precision_recall":
        height = [1, 1] if kind == "lift" else [0, 1]
        figure.add_scatter(
            x=[0, 1], y=height, name="chance", mode="lines", line=_REFERENCE, hoverinfo="skip"
        )
    finish(figure, x, y)
    figure.update_xaxes(range=[0, 1.01])
    figure.update_yaxes(rangemode="tozero")
    return figure.update_layout(height=_HEIGHT, showlegend=True)


def calibration(found: Calibration) -> go.Figure:
    """Share that is right over the probability given; the size of a point is its pictures.

    A click selects a point whose `customdata` is its place among the bins that are not empty.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        name="what is said is true",
        mode="lines",
        line=_REFERENCE,
        hoverinfo="skip",
    )
    area = found.num_pictures / found.num_pictures.max()
    figure.add_scatter(
        x=found.confidence,
        y=found.accuracy,
        name="this model",
        mode="lines+markers",
        customdata=list(range(len(found.confidence))),
        text=[f"{count:,} pictures" for count in found.num_pictures],
        line={"color": ACCENT},
        marker={"size": 7 + 17 * np.sqrt(area), "opacity": 0.85},
        hovertemplate="says %{x:.3f}, is right %{y:.3f}<br>%{text}<extra></extra>",
    )
    finish(figure, "Mean probability", "Share that is right")
    figure.update_xaxes(range=[0, 1.03])
    figure.update_yaxes(range=[-0.03, 1.05])
    return figure.update_layout(height=_HEIGHT, hovermode="closest", dragmode=False)


def histogram(right: NDArray[np.int64], wrong: NDArray[np.int64]) -> go.Figure:
    """Pictures by the probability of their answer. A click selects a bar; `customdata` is the bin's
    number."""
    num_bins = len(right)
    edges = np.linspace(0, 1, num_bins + 1)
    middle = (edges[1:] + edges[:-1]) / 2
    figure = go.Figure()
    for name, counts, color, shape in (("right", right, ACCENT, ""), ("wrong", wrong, SECOND, "/")):
        figure.add_bar(
            x=middle,
            y=counts,
            width=0.9 / num_bins,
            name=name,
            marker={"color": color, "pattern": {"shape": shape}},
            customdata=list(range(num_bins)),
            text=[f"{low:.2f} to {high:.2f}" for low, high in zip(edges, edges[1:], strict=False)],
            textposition="none",
            hovertemplate=f"%{{y:,}} {name}, sure by %{{text}}<extra></extra>",
        )
    finish(figure, "Probability of the answer", "Pictures")
    figure.update_xaxes(range=[0, 1])
    return figure.update_layout(
        height=_HEIGHT, barmode="stack", hovermode="closest", dragmode=False
    )


def coverage(found: Coverage, at: tuple[float, float]) -> go.Figure:
    """Accuracy of what is answered over the share that is answered; `at`: the point in view."""
    kept = thinned(len(found.coverage))
    figure = go.Figure()
    figure.add_scatter(
        x=found.coverage[kept],
        y=found.accuracy[kept],
        customdata=found.threshold[kept],
        mode="lines",
        line={"color": ACCENT, "width": 2},
        hovertemplate="answers %{x:.1%} of the pictures<br>%{y:.3f} of them right"
        "<br>from a probability of %{customdata:.3f}<extra></extra>",
        showlegend=False,
    )
    figure.add_scatter(
        x=[at[0]],
        y=[at[1]],
        mode="markers",
        marker={"color": SECOND, "size": 12, "symbol": "diamond"},
        hoverinfo="skip",
        showlegend=False,
    )
    finish(figure, "Share of the pictures that is answered", "Share of the answers that is right")
    figure.update_xaxes(range=[0, 1.02])
    if len(found.coverage) == 1:  # around a single point Plotly shows -1 to 1
        figure.update_yaxes(range=[0, 1.05])
    return figure.update_layout(height=_HEIGHT)


def thinned(count: int, limit: int = 500) -> NDArray[np.int64]:
    """Places of at most so many points, the ends included."""
    return np.unique(np.linspace(0, count - 1, min(count, limit)).round().astype(np.int64))
