"""Figures about trials: learning curves, losses, and scores with their intervals."""

from collections.abc import Sequence

import plotly.graph_objects as go

from automl.experiments.records import TrialRecord
from automl.figures import baselines, wording
from automl.figures.charts import fit_rows, start_at_zero
from automl.figures.palette import ACCENT, DASHES, SECOND, family_look, label, looks, trial_colors
from automl.texts import _

MAX_LINES = 20
MAX_NAME = 36  # characters of the longest name: #12 mobilenetv1_100, linear probe
_MAX_MARKERS = 10
_MAX_IN_LEGEND = 40
_MAX_TICKS = 10


def learning_curves(
    trials: Sequence[TrialRecord], metric: str, *, smoothing: float = 0.0, height: int = 300
) -> go.Figure:
    """Draw a metric over the epochs, one line for each trial.

    More than `MAX_LINES` lines are drawn by WebGL and without markers: as SVG, every marker is an
    element of the page, and the page becomes slow.

    Args:
        trials: in the order of the legend.
        metric: key of the metric.
        smoothing: weight of the past in the moving average (see `smoothed`); 0 draws every
            evaluation as it is.
        height: of the figure in pixels.
    """
    curves = [trial for trial in trials if not baselines.is_baseline(trial)]
    is_large = len(curves) > MAX_LINES
    figure = go.Figure()
    colors = trial_colors(curves)
    hover = _("epoch {number}: {score}").format(
        number="%{x}", score=f"%{{{'customdata' if smoothing else 'y'}:.3f}}"
    )
    for number, trial in enumerate(curves):
        family_color, symbol = family_look(trial.model_name)
        color = colors.get(trial.trial_id, family_color)
        scores = [evaluation.metrics[metric] for evaluation in trial.evaluations]
        line = {
            "x": [evaluation.epoch for evaluation in trial.evaluations],
            "y": smoothed(scores, smoothing),
            "customdata": scores if smoothing else None,
            "name": label(wording.trial(trial), MAX_NAME),
            "line": {"color": color, "width": 1.5, "dash": DASHES[number % len(DASHES)]},
            "hovertemplate": hover,
        }
        if is_large:
            mode = "lines" if len(scores) > 2 else "lines+markers"
            figure.add_scattergl(**line, mode=mode)
        else:
            # markers of all of 100 epochs would cover the line
            marker = {"symbol": symbol, "size": 5, "maxdisplayed": _MAX_MARKERS}
            figure.add_scatter(**line, mode="lines+markers", marker=marker)
    start_at_zero(figure, _("Epoch"), wording.metric_heading(metric))
    # Plotly hides the legend of a single line unless told otherwise
    figure.update_layout(height=height, showlegend=0 < len(curves) <= _MAX_IN_LEGEND)
    baselines.begin(figure, trials, metric)
    return _over_epochs(figure, curves)


def smoothed(values: Sequence[float], weight: float) -> list[float]:
    """Exponential moving average with the bias correction of Adam for its first values.

    A NaN, from an evaluation that diverged, leaves the average as it is.

    Args:
        values: in the order of time.
        weight: of the past, from 0 (no smoothing) to 1 (excluded).
    """
    average, total, result = 0.0, 0.0, []
    for value in values:
        if value == value:
            average = weight * average + (1 - weight) * value
            total = weight * total + (1 - weight)
        result.append(average / total if total else value)
    return result


def losses(trial: TrialRecord) -> go.Figure:
    """Draw training and validation loss over the epochs."""
    figure = go.Figure()
    epochs = [evaluation.epoch for evaluation in trial.evaluations]
    for name, values, color, dash in (
        (_("training"), [each.train_loss for each in trial.evaluations], ACCENT, "solid"),
        (_("validation"), [each.valid_loss for each in trial.evaluations], SECOND, "dash"),
    ):
        line = {"color": color, "dash": dash}
        figure.add_scatter(x=epochs, y=values, name=name, mode="lines+markers", line=line)
    figure = start_at_zero(figure, _("Epoch"), _("Cross-entropy (nats)"))
    return _over_epochs(figure, [trial])


def intervals(ranked: Sequence[TrialRecord], metric: str) -> go.Figure:
    """Draw the scores of the first `MAX_LINES` trials with their 95 % intervals, best on top."""
    figure = go.Figure()
    look, colors = looks(trial.model_name for trial in ranked), trial_colors(ranked)
    for trial in ranked[:MAX_LINES]:
        family_color, symbol = look[trial.model_name]
        color = colors.get(trial.trial_id, family_color)
        score, low, high = trial.score(metric), trial.score_low, trial.score_high
        above = below = 0.0
        if score is not None and low is not None and high is not None:
            above, below = high - score, score - low
        figure.add_scatter(
            x=[score],
            y=[label(wording.trial(trial), MAX_NAME)],
            error_x={"type": "data", "array": [above], "arrayminus": [below]},
            marker={"color": color, "symbol": symbol, "size": 10},
            hovertemplate="%{x:.3f}<extra>%{y}</extra>",
            showlegend=False,
        )
    figure.update_yaxes(autorange="reversed")
    _begin_above_majority(figure, ranked[:MAX_LINES], metric)
    title = _("{metric}, 95 % interval").format(metric=wording.metric_heading(metric))
    return fit_rows(figure, min(len(ranked), MAX_LINES), title)


def _begin_above_majority(figure: go.Figure, shown: Sequence[TrialRecord], metric: str) -> None:
    """Let the axis hold all but the majority class, whose score stands at its edge."""
    rest = [trial for trial in shown if trial.method != "majority_class"]
    ends = [end for t in rest for end in (t.score_low, t.score(metric), t.score_high)]
    known = [end for end in ends if end is not None and end == end]
    if not known:
        return
    figure.update_xaxes(range=baselines.within(min(known), max(known)))
    for trial in shown:
        if trial not in rest and (score := trial.score(metric)) is not None:
            figure.add_annotation(
                text=f"← {score:.3f}",
                x=0,
                xref="x domain",
                xanchor="left",
                y=label(wording.trial(trial), MAX_NAME),
                showarrow=False,
            )


def _over_epochs(figure: go.Figure, trials: Sequence[TrialRecord]) -> go.Figure:
    """Mark whole epochs only, with room for the markers of epoch 0, of models without training."""
    last = (trial.evaluations[-1].epoch for trial in trials if trial.evaluations)
    longest = max(last, default=0) or 1
    dtick = 1 if longest <= _MAX_TICKS else None  # Plotly would mark halves of few epochs
    return figure.update_xaxes(range=[-0.03 * longest, 1.03 * longest], dtick=dtick)
