"""The best score over the versions of a data set, with its interval."""

from collections.abc import Sequence

import plotly.graph_objects as go

from automl.experiments.across import VersionScore
from automl.figures import baselines, palette, wording
from automl.figures.charts import finish
from automl.texts import _


def scores(found: Sequence[VersionScore], metric: str) -> go.Figure:
    """Draw a point for each version, the oldest first, joined by a line."""
    figure = go.Figure()
    positions = list(range(len(found)))  # names that are shortened alike would share a category
    names = [palette.label(each.version, 20) for each in found]
    figure.add_scatter(
        x=positions,
        y=[each.score for each in found],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [_above(each) for each in found],
            "arrayminus": [_below(each) for each in found],
        },
        customdata=names,
        text=[palette.label(each.experiment_dir.name, 40) for each in found],
        mode="lines+markers",
        line={"color": palette.ACCENT},
        marker={"size": 10},
        hovertemplate="%{customdata}: %{y:.3f}, %{text}<extra></extra>",
    )
    figure.update_xaxes(tickvals=positions, ticktext=names)
    ends = [end for each in found for end in (each.low, each.score, each.high) if end is not None]
    figure.update_yaxes(range=baselines.within(min(ends), max(ends)))
    return finish(figure, _("Version of the data"), wording.metric_heading(metric))


def _above(score: VersionScore) -> float:
    return 0.0 if score.high is None else max(0.0, score.high - score.score)


def _below(score: VersionScore) -> float:
    return 0.0 if score.low is None else max(0.0, score.score - score.low)
