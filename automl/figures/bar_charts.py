"""Bars: pictures by class and by property, probabilities of an answer, importance."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import plotly.graph_objects as go

from automl.dataset.report import Distribution
from automl.figures import wording
from automl.figures.charts import finish, fit_rows
from automl.figures.palette import ACCENT, INK_ON_BARS, MUTED, SECOND, label
from automl.texts import _

_Number = TypeVar("_Number", int, float)


def classes(counts: Mapping[str, int], limit: int = 30) -> go.Figure:
    """Draw pictures per class, the largest class on top."""
    largest = _largest(counts, limit)
    figure = _horizontal(largest, [wording.integer(count) for count in largest.values()])
    return fit_rows(figure, len(largest), _("Pictures"))


def probabilities(by_label: Mapping[str, float], limit: int = 3) -> go.Figure:
    """Draw the most probable classes of one picture, the answer in colour."""
    likely = _largest(by_label, limit)
    figure = _horizontal(likely, [f"{probability:.3f}" for probability in likely.values()])
    figure.update_traces(marker_color=[ACCENT] + [MUTED] * (len(likely) - 1))
    figure.update_xaxes(range=[0, 1.15], tickvals=[0, 0.5, 1])  # with room for the text at 1
    return fit_rows(figure, len(likely), _("Probability"))


def label_probabilities(
    by_label: Mapping[str, float], thresholds: Mapping[str, float], limit: int = 8
) -> go.Figure:
    """Draw the most probable labels of one picture: the predicted ones in colour, thresholds as
    lines, and each number to the right of both."""
    likely = _largest(by_label, limit)
    figure, positions = _horizontal(likely, []), list(range(len(likely)))
    colors = [ACCENT if likely[name] >= thresholds[name] else MUTED for name in likely]
    figure.update_traces(marker_color=colors)
    figure.add_scatter(
        x=[max(probability, thresholds[name]) for name, probability in likely.items()],
        y=positions,
        mode="text",
        text=[f" {probability:.3f}" for probability in likely.values()],
        textposition="middle right",
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[thresholds[name] for name in likely],
        y=positions,
        mode="markers",
        marker={"symbol": "line-ns-open", "size": 18, "color": SECOND, "line": {"width": 2}},
        hovertemplate=_("predicted from %{x:.2f} on") + "<extra></extra>",
    )
    figure.update_xaxes(range=[0, 1.15], tickvals=[0, 0.5, 1])  # with room for the text at 1
    fit_rows(figure, len(likely), _("Probability and threshold"))
    return figure.update_layout(showlegend=False)


def importance(shares: Mapping[str, float]) -> go.Figure:
    """Draw the share of the variance of the scores that each hyperparameter explains."""
    named = {name.replace("_", " "): share for name, share in shares.items()}
    figure = _horizontal(named, [f"{share:.2f}" for share in named.values()], max_name=30)
    return fit_rows(figure, len(named), _("Share of the variance of the scores"))


def distribution(counted: Distribution, name: str) -> go.Figure:
    """Draw a histogram; its bins grow in proportion, so each is a category of its own."""
    pairs = zip(counted.edges, counted.edges[1:], strict=False)
    figure = go.Figure()
    figure.add_bar(
        x=[f"{low:.3g}–{high:.3g}" for low, high in pairs],
        y=counted.counts,
        marker_color=ACCENT,
        hovertemplate=_("%{x}: %{y} pictures") + "<extra></extra>",
    )
    return finish(figure, name, _("Pictures")).update_layout(height=200)


def _largest(by_name: Mapping[str, _Number], limit: int) -> dict[str, _Number]:
    return dict(sorted(by_name.items(), key=lambda item: -item[1])[:limit])


def _horizontal(values: Mapping[str, float], texts: Sequence[str], max_name: int = 24) -> go.Figure:
    """Bars in the order of `values`, the first on top, each with its text.

    The bars stand at 0, 1, 2, … with the names as tick texts: two names that are equal once they
    are shortened would share one category.
    """
    positions = list(range(len(values)))
    figure = go.Figure()
    figure.add_bar(
        x=list(values.values()),
        y=positions,
        text=texts,
        insidetextfont={"color": INK_ON_BARS},
        orientation="h",
        marker_color=ACCENT,
        hoverinfo="skip",
    )
    names = [label(name, max_name) for name in values]
    return figure.update_yaxes(tickvals=positions, ticktext=names, autorange="reversed")
