"""How often labels of one picture occur together, as a figure."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from automl.figures import wording
from automl.figures.charts import finish
from automl.figures.palette import label
from automl.texts import _

_SCALE = [[0, "rgba(51, 136, 204, 0.04)"], [1, "rgba(51, 136, 204, 0.75)"]]


def figure_of(counts: NDArray[np.int64], names: Sequence[str]) -> go.Figure:
    """Draw the share of the pictures with the label of a row that have that of the column, too.

    Args:
        counts: pictures with both labels (K, K), with each label's own on the diagonal.
        names: of the K labels.
    """
    own = np.maximum(counts.diagonal(), 1)[:, None]
    is_other = ~np.eye(len(counts), dtype=bool)
    shares = np.where(is_other, counts / own, np.nan)
    texts = np.where(is_other & (counts > 0), counts.astype(str), "")
    positions, shown = list(range(len(names))), [label(name, 14) for name in names]
    figure = go.Figure()
    figure.add_heatmap(
        z=shares,
        x=positions,
        y=positions,
        customdata=[
            [
                _("{count} of {total} pictures with {label} have {other}, too").format(
                    count=wording.integer(int(counts[row, column])),
                    total=wording.integer(int(counts[row, row])),
                    label=shown[row],
                    other=shown[column],
                )
                for column in positions
            ]
            for row in positions
        ],
        text=texts,
        texttemplate="%{text}",
        colorscale=_SCALE,
        zmin=0,
        zmax=1,
        xgap=1,
        ygap=1,
        showscale=False,
        hoverongaps=False,
        hovertemplate="%{customdata}<extra></extra>",
    )
    finish(figure, _("also have"), _("Pictures with"))
    ticks = {"tickvals": positions, "ticktext": shown, "showgrid": False}
    figure.update_xaxes(**ticks)
    figure.update_yaxes(autorange="reversed", **ticks)
    return figure.update_layout(height=120 + 26 * len(names))
