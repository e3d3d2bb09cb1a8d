"""The map of a data set: a point for each picture, in the colour of its group."""

from collections import Counter
from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from automl.figures.palette import MUTED, SERIES, label
from automl.texts import _

_MAX_GROUPS = len(SERIES)
_HEIGHT = 520


def figure(points: pd.DataFrame, groups: Sequence[str]) -> go.Figure:
    """Draw a point for each picture.

    Args:
        points: `x` and `y`, and `place`, which becomes the `customdata` of the point.
        groups: name of the group of each picture; the largest have colours of their own.
    """
    largest = [name for name, _count in Counter(groups).most_common(_MAX_GROUPS)]
    named = pd.Series(groups, points.index)
    members = [(label(name), named == name) for name in largest]
    members.append((_("others"), ~named.isin(largest)))
    drawn = go.Figure()
    for (title, are_in), color in zip(members, (*SERIES[: len(largest)], MUTED), strict=True):
        rows = points[are_in]
        if len(rows):
            drawn.add_scattergl(
                x=rows["x"],
                y=rows["y"],
                customdata=rows["place"],
                name=title,
                mode="markers",
                marker={"color": color, "size": 6, "opacity": 0.75},
                hovertemplate="%{fullData.name}<extra></extra>",
            )
    drawn.update_xaxes(visible=False)
    drawn.update_yaxes(visible=False, scaleanchor="x")
    return drawn.update_layout(
        height=_HEIGHT,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        dragmode="lasso",
        legend={"orientation": "h", "font": {"size": 11}, "itemsizing": "constant"},
        uirevision="same",
    )
