"""Baselines in figures of scores: lines to compare with, and axes that begin at the best one."""

from collections.abc import Collection, Iterable

import plotly.graph_objects as go

from automl.experiments.records import TrialRecord
from automl.figures import wording
from automl.figures.palette import label

_MAX_NAME = 36
_MARGIN = 0.08
_LEAST_HEIGHT = 0.02
_LINE = {"color": "rgba(128, 128, 128, 0.9)", "width": 1.5, "dash": "dash"}
_TRAINED = ("fine_tuning", "ensemble", "soup")


def is_baseline(trial: TrialRecord) -> bool:
    """True for a trial that is not trained; what combines others is none."""
    return trial.method not in _TRAINED


def lowest(trials: Iterable[TrialRecord], metric: str) -> float | None:
    """Start of an axis of scores: the best baseline, or a trial below it.

    While nothing has been trained, the other baselines are the subject: it is the lowest of them.
    The majority class, which would stretch every axis, counts only if it is the best baseline.
    None without a score.
    """
    scored = [(trial, score) for trial in trials if (score := _score(trial, metric)) is not None]
    floors = [score for trial, score in scored if is_baseline(trial)]
    others = [score for trial, score in scored if not is_baseline(trial)]
    others = others or [score for trial, score in scored if trial.method != "majority_class"]
    return min([*([max(floors)] if floors else []), *others], default=None)


def within(low: float, high: float) -> tuple[float, float]:
    """Ends of an axis with a margin around its scores."""
    missing = max(0.0, _LEAST_HEIGHT - (high - low)) / 2
    margin = missing + (high - low) * _MARGIN
    return low - margin, high + margin


def begin(figure: go.Figure, trials: Collection[TrialRecord], metric: str) -> None:
    """Draw the baselines as lines, and begin the axis of scores at the best of them."""
    low = lowest(trials, metric)
    if low is None or not any(map(is_baseline, trials)):
        return
    scores = [score for trial in trials if (score := _score(trial, metric)) is not None]
    figure.update_yaxes(range=within(low, max(scores)))
    draw(figure, trials, metric)


def draw(figure: go.Figure, trials: Iterable[TrialRecord], metric: str) -> None:
    """Draw the best baseline as a labelled line, and note the constant answer at the edge."""
    floors = [t for t in trials if is_baseline(t) and _score(t, metric) is not None]
    best = max(floors, key=lambda trial: _score(trial, metric) or 0.0, default=None)
    if best is None:
        return
    score = _score(best, metric) or 0.0
    name = label(wording.trial(best), _MAX_NAME)
    figure.add_hline(
        score,
        line=_LINE,
        annotation={"text": f"{name} {score:.3f}", "font": {"size": 11}},
        annotation_position="bottom right",
    )
    note_majority(figure, [t for t in floors if t is not best], metric)


def note_majority(figure: go.Figure, trials: Iterable[TrialRecord], metric: str) -> None:
    """Write the score of the constant answer at the lower edge, below which it lies."""
    constant = next((trial for trial in trials if trial.method == "majority_class"), None)
    score = _score(constant, metric) if constant else None
    if constant is None or score is None:
        return
    figure.add_annotation(
        text=f"↓ {constant.title} {score:.3f}",
        x=0,
        y=0,
        xref="paper",
        yref="paper",
        xanchor="left",
        yanchor="bottom",
        showarrow=False,
        font={"size": 11},
    )


def _score(trial: TrialRecord, metric: str) -> float | None:
    """Best score of its curve; a score on further pictures has no curve."""
    best = trial.validated()
    score = best.metrics[metric] if best else None
    return None if score is None or score != score else score
