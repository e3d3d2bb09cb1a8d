"""The trials of a search as bars over time, one line for each place in which trials run."""

import heapq
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from automl.experiments.records import TrialRecord
from automl.experiments.time_left import Span
from automl.figures import wording
from automl.figures.charts import finish
from automl.figures.palette import INK_ON_BARS, MUTED, family_look, label, trial_colors
from automl.figures.pauses import Clock
from automl.texts import _

_MAX_NAME = 36
_LINE_PIXELS, _FRAME_PIXELS = 34, 90
_BELOW_PIXELS, _ABOVE_PIXELS, _GAP = 48, 24, 0.2
_MAX_WITH_NUMBERS = 40
_MAX_BARS = 300
"""More would be narrower than the lines around them, and each is an element of the page."""


class Bar(NamedTuple):
    """A trial in its place, with the times of a clock."""

    trial: TrialRecord
    place: int
    start: float
    end: float
    expected_end: float
    """Expected end if it runs; otherwise its end."""


def bars(
    trials: Sequence[TrialRecord],
    left: Mapping[str, Span],
    now: datetime,
    num_places: int,
    clock: Clock,
) -> list[Bar]:
    """Put the trials into places: each into the one that was free first.

    Args:
        trials: in any order; those that have not started are left out.
        left: seconds left of trials that run, by id.
        now: until which trials that run have a bar.
        num_places: number of trials that may run at a time.
        clock: that of the trials.
    """
    started = sorted(
        ((trial.started_at, trial.number, trial) for trial in trials if trial.started_at),
        key=lambda each: each[:2],
    )
    if not started:
        return []
    free = [(0.0, place) for place in range(max(1, num_places))]
    found = []
    for moment, _number, trial in started:
        moments = [moment.timestamp(), (trial.ended_at or now).timestamp()]
        start, end = map(float, clock.times(moments))
        _end, place = free[0]
        heapq.heapreplace(free, (end, place))
        rest = left[trial.trial_id].likely if trial.trial_id in left else 0.0
        expected = end if trial.ended_at else end + rest / clock.unit.seconds
        found.append(Bar(trial, place, start, max(start, end), expected))
    return found


def figure_of(placed: Sequence[Bar], num_places: int, clock: Clock) -> go.Figure:
    """Draw the bars, with a line at each pause; the expected rest of a running trial is pale."""
    figure = go.Figure()
    colors = trial_colors(bar.trial for bar in placed)
    shown = [_color(bar.trial, colors) for bar in placed]
    if len(placed) > _MAX_BARS:
        _add_lines(figure, placed, shown)
    else:
        _add_bars(figure, placed, shown)
    rest = [
        (bar, color) for bar, color in zip(placed, shown, strict=True) if bar.expected_end > bar.end
    ]
    figure.add_bar(
        base=[bar.end for bar, _ in rest],
        x=[bar.expected_end - bar.end for bar, _ in rest],
        y=[bar.place for bar, _ in rest],
        orientation="h",
        marker_color=[color for _, color in rest],
        opacity=0.3,
        # the x of a bar with a base is its end
        customdata=[
            wording.duration((bar.expected_end - bar.end) * clock.unit.seconds) for bar, _ in rest
        ],
        hovertemplate=_("expected: {time} more").format(time="%{customdata}") + "<extra></extra>",
        showlegend=False,
    )
    finish(figure, _(clock.axis), "")
    for pause in clock.pauses:
        said = _("paused {duration}").format(duration=wording.duration(pause.end - pause.start))
        at = float(clock.times(pause.start))
        figure.add_vline(at, line_dash="dot", annotation_text=said, annotation_position="top")
    places = list(range(num_places))
    names = [_("Trials")]
    if num_places > 1:
        names = [_("Place {number}").format(number=place + 1) for place in places]
    figure.update_xaxes(rangemode="tozero")
    figure.update_yaxes(tickvals=places, ticktext=names, range=[num_places - 0.5, -0.5])
    height = _FRAME_PIXELS + _LINE_PIXELS * num_places
    if clock.pauses:  # their words stand above
        height += _ABOVE_PIXELS
        figure.update_layout(margin_t=_ABOVE_PIXELS)
    figure.update_layout(height=height, barmode="overlay", bargap=_GAP)
    # Plotly's own margin comes a moment later, and until then the title lies over the numbers
    return figure.update_layout(margin_b=_BELOW_PIXELS)


def _add_bars(figure: go.Figure, placed: Sequence[Bar], shown: Sequence[str]) -> None:
    """Draw a bar for each trial."""
    numbers = [f"#{bar.trial.number}" for bar in placed]
    figure.add_bar(
        base=np.array([bar.start for bar in placed]),  # with lists Plotly takes much longer
        x=np.array([bar.end - bar.start for bar in placed]),
        y=np.array([bar.place for bar in placed]),
        orientation="h",
        marker_color=shown,
        marker_line={"width": 1, "color": "rgba(128, 128, 128, 0.6)"},
        text=numbers if len(placed) <= _MAX_WITH_NUMBERS else None,
        textposition="inside",
        insidetextanchor="middle",
        textangle=0,
        textfont={"color": INK_ON_BARS, "size": 11},
        customdata=[_about(bar) for bar in placed],
        hovertemplate="%{customdata}<extra></extra>",
        showlegend=False,
    )


def _add_lines(figure: go.Figure, placed: Sequence[Bar], shown: Sequence[str]) -> None:
    """Draw the trials of each colour as one broken line as thick as a bar."""
    for color in dict.fromkeys(shown):
        members = [bar for bar, own in zip(placed, shown, strict=True) if own == color]
        figure.add_scatter(
            x=np.array([(bar.start, bar.end, np.nan) for bar in members], np.float32).ravel(),
            y=np.array([(bar.place, bar.place, np.nan) for bar in members], np.float32).ravel(),
            text=[text for bar in members for text in (_about(bar), "", "")],
            hoverinfo="text",
            mode="lines",
            line={"color": color, "width": _LINE_PIXELS * (1 - _GAP)},
            showlegend=False,
        )


def _about(bar: Bar) -> str:
    return f"{label(wording.trial(bar.trial), _MAX_NAME)}: {wording.duration(bar.trial.seconds)}"


def _color(trial: TrialRecord, colors: Mapping[str, str]) -> str:
    if trial.method != "fine_tuning":
        return MUTED
    return colors.get(trial.trial_id, family_look(trial.model_name)[0])
