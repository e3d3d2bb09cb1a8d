"""Figures about the answers of a trial: curves, calibration, confidence and coverage."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from automl.evaluation.confidence import Calibration, Coverage
from automl.evaluation.curves import Curve, Kind
from automl.figures import wording
from automl.figures.charts import finish
from automl.figures.palette import ACCENT, DASHES, SECOND, SERIES, label
from automl.texts import _, mark

AXES: dict[Kind, tuple[str, str]] = {
    "roc": (mark("False positive rate"), mark("True positive rate")),
    "precision_recall": (mark("Recall"), mark("Precision")),
    "gains": (mark("Share of the pictures, most probable first"), mark("Share of the class found")),
    "lift": (mark("Share of the pictures, most probable first"), mark("Times better than chance")),
}
_REFERENCE = {"color": "rgba(128, 128, 128, 0.7)", "dash": "dot", "width": 1}
_HEIGHT = 400


def lines(
    kind: Kind, curves: Mapping[str, Curve], perfect: Mapping[str, Curve] | None = None
) -> go.Figure:
    """Draw one line for each class or average, and the line of random answers.

    Args:
        kind: of all the curves.
        curves: by the name of the class or average.
        perfect: curves of a perfect model, by the same names; dotted.
    """
    x, y = map(_, AXES[kind])
    figure = go.Figure()
    for number, (name, curve) in enumerate(curves.items()):
        color = SERIES[number % len(SERIES)]
        dash = DASHES[number // len(SERIES) % len(DASHES)]
        figure.add_scatter(
            x=curve.x,
            y=curve.y,
            name=label(name),
            legendgroup=str(number),
            mode="lines",
            line={"color": color, "dash": dash, "width": 2},
            hovertemplate=f"{x} %{{x:.3f}}<br>{y} %{{y:.3f}}<extra>%{{fullData.name}}</extra>",
        )
        if perfect:
            best = perfect[name]
            figure.add_scatter(
                x=best.x,
                y=best.y,
                name=_("perfect"),
                legendgroup=str(number),  # hidden together with its curve
                showlegend=False,
                mode="lines",
                line={"color": color, "dash": "dot", "width": 1},
                hoverinfo="skip",
            )
    if kind != "precision_recall":
        height = [1, 1] if kind == "lift" else [0, 1]
        figure.add_scatter(
            x=[0, 1], y=height, name=_("chance"), mode="lines", line=_REFERENCE, hoverinfo="skip"
        )
    finish(figure, x, y)
    figure.update_xaxes(range=[0, 1.01])
    figure.update_yaxes(rangemode="tozero")
    return figure.update_layout(height=_HEIGHT, showlegend=True)


def calibration(bins: Calibration) -> go.Figure:
    """Draw the share of right answers over their mean probability, one point for each bin.

    The area of a point grows with the number of its pictures. A click selects a point whose
    `customdata` is its position in `bins`.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        name=_("perfectly calibrated"),
        mode="lines",
        line=_REFERENCE,
        hoverinfo="skip",
    )
    area = bins.num_pictures / bins.num_pictures.max()
    figure.add_scatter(
        x=bins.confidence,
        y=bins.accuracy,
        name=_("this model"),
        mode="lines+markers",
        customdata=list(range(len(bins.confidence))),
        text=[wording.count(int(number), "picture") for number in bins.num_pictures],
        line={"color": ACCENT},
        marker={"size": 7 + 17 * np.sqrt(area), "opacity": 0.85},
        hovertemplate=_("probability %{x:.3f}, right %{y:.3f}") + "<br>%{text}<extra></extra>",
    )
    finish(figure, _("Mean probability"), _("Share that is right"))
    figure.update_xaxes(range=[0, 1.03])
    figure.update_yaxes(range=[-0.03, 1.05])
    return figure.update_layout(height=_HEIGHT, hovermode="closest", dragmode=False)


def histogram(right: NDArray[np.int64], wrong: NDArray[np.int64]) -> go.Figure:
    """Draw the number of pictures by the probability of their answer.

    A click selects a bar whose `customdata` is the number of its bin.

    Args:
        right: (B,) number of right answers in each of B bins of equal width.
        wrong: (B,) number of wrong answers.
    """
    num_bins = len(right)
    edges = np.linspace(0, 1, num_bins + 1)
    middle = (edges[1:] + edges[:-1]) / 2
    figure = go.Figure()
    for name, counts, color, shape in (
        (_("right"), right, ACCENT, ""),
        (_("wrong"), wrong, SECOND, "/"),
    ):
        figure.add_bar(
            x=middle,
            y=counts,
            width=0.9 / num_bins,
            name=name,
            marker={"color": color, "pattern": {"shape": shape}},
            customdata=list(range(num_bins)),
            text=[
                _("{low} to {high}").format(low=f"{low:.2f}", high=f"{high:.2f}")
                for low, high in zip(edges, edges[1:], strict=False)
            ],
            textposition="none",
            hovertemplate="%{y:,} "
            + _("{name}, probability {span}").format(name=name, span="%{text}")
            + "<extra></extra>",
        )
    finish(figure, _("Probability of the answer"), _("Pictures"))
    figure.update_xaxes(range=[0, 1])
    return figure.update_layout(
        height=_HEIGHT, barmode="stack", hovermode="closest", dragmode=False
    )


def coverage(curve: Coverage, marked: tuple[float, float]) -> go.Figure:
    """Draw the accuracy of the answers given over the share of pictures that get one.

    Args:
        curve: by falling threshold.
        marked: share answered and accuracy at the threshold the user chose.
    """
    kept = thinned(len(curve.coverage))
    figure = go.Figure()
    figure.add_scatter(
        x=curve.coverage[kept],
        y=curve.accuracy[kept],
        customdata=curve.threshold[kept],
        mode="lines",
        line={"color": ACCENT, "width": 2},
        hovertemplate=_(
            "answers %{x:.1%} of the pictures<br>%{y:.3f} of them right"
            "<br>from a probability of %{customdata:.3f}"
        )
        + "<extra></extra>",
        showlegend=False,
    )
    figure.add_scatter(
        x=[marked[0]],
        y=[marked[1]],
        mode="markers",
        marker={"color": SECOND, "size": 12, "symbol": "diamond"},
        hoverinfo="skip",
        showlegend=False,
    )
    finish(
        figure, _("Share of the pictures that is answered"), _("Share of the answers that is right")
    )
    figure.update_xaxes(range=[0, 1.02])
    if len(curve.coverage) == 1:  # around a single point Plotly shows -1 to 1
        figure.update_yaxes(range=[0, 1.05])
    return figure.update_layout(height=_HEIGHT)


def thinned(count: int, limit: int = 500) -> NDArray[np.int64]:
    """Return positions of at most `limit` of `count` points, evenly chosen, with both ends."""
    return np.unique(np.linspace(0, count - 1, min(count, limit)).round().astype(np.int64))
