"""The charts tab of a trial: how good the probabilities are, and the pictures behind a point."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from automl.evaluation import answers, confidence, curves
from automl.evaluation.curves import Average, Curve, Kind
from automl.figures import answer_charts, charts, wording
from automl.ui import cached_evaluation, figure_table
from automl.ui.answers import answer_gallery
from automl.ui.cached_evaluation import Answers

_CURVES: dict[str, Kind] = {
    "ROC": "roc",
    "Precision and recall": "precision_recall",
    "Cumulative gains": "gains",
    "Lift": "lift",
}
_CALIBRATION, _CONFIDENCE, _COVERAGE = "Calibration", "Confidence", "Answer only when sure"
_AVERAGES: dict[str, Average] = {
    "macro average": "macro",
    "micro average": "micro",
    "weighted average": "weighted",
}
_NUM_BARS = 20
_MAX_LINES = 10


def show(of: Answers, *, key: str) -> None:
    chosen = st.segmented_control(
        "Chart",
        [*_CURVES, _CALIBRATION, _CONFIDENCE, _COVERAGE],
        default="ROC",
        required=True,
        key=f"chart of {key}",
        label_visibility="collapsed",
    )
    key = f"{chosen} of {key}"
    if chosen in _CURVES:
        _curves(of, _CURVES[chosen], key)
    elif chosen == _CALIBRATION:
        _calibration(of, key)
    elif chosen == _CONFIDENCE:
        _confidence(of, key)
    else:
        _coverage(of, key)


def _present(of: Answers) -> dict[str, int]:
    """Names and indices of the classes that have pictures."""
    return {of.class_names[index]: index for index in np.unique(of.predictions.labels).tolist()}


def _curves(of: Answers, kind: Kind, key: str) -> None:
    present = _present(of)
    if len(present) < 2:
        st.info("This chart needs pictures of two classes or more, and here all are of one.")
        return
    offered: dict[str, int | Average] = {**present, **_AVERAGES}
    chosen = st.multiselect(
        "Classes and averages",
        [*_AVERAGES, *(name for name in present if name not in _AVERAGES)],
        default=["macro average", "micro average"],
        max_selections=_MAX_LINES,
        key=f"lines of {key}",
    )
    drawn = {name: cached_evaluation.curve(of, kind, offered[name]) for name in chosen}
    perfect = None
    if kind == "gains":
        labels, num_classes = of.predictions.labels, len(of.class_names)
        perfect = {
            name: curves.perfect_gains(labels, num_classes, offered[name]) for name in chosen
        }
    figure = answer_charts.lines(kind, drawn, perfect)
    st.plotly_chart(figure, key=f"figure of {key}", config=charts.QUIET, alt=kind)
    with st.container(horizontal=True, vertical_alignment="center"):
        figure_table.show(_points(drawn, *answer_charts.AXES[kind]), kind, key=key)
        if perfect:
            st.caption("Dotted, in the colour of a line: if all the pictures meant came first.")


def _points(drawn: dict[str, Curve], x: str, y: str) -> pd.DataFrame:
    parts = [pd.DataFrame({"of": name, x: one.x, y: one.y}) for name, one in drawn.items()]
    return pd.concat(parts) if parts else pd.DataFrame(columns=["of", x, y])


def _calibration(of: Answers, key: str) -> None:
    present = _present(of)
    everything = "every answer"
    chosen = st.selectbox("Of", [everything, *present], key=f"class of {key}", width=320)
    index = present.get(chosen)
    found = cached_evaluation.calibration(of, index)
    left, right = st.columns([2, 1])
    with right:
        st.metric(
            "Expected calibration error",
            f"{found.expected_error:.3f}",
            border=True,
            help="How far the probabilities are from the share that is right, on average over the "
            f"pictures, in {confidence.NUM_BINS} bins (Guo et al., 2017). 0 is perfect.",
        )
        st.caption(
            "Below the dotted line the model is too sure of itself, above it too modest. "
            "Points of few pictures move by chance."
        )
        table = pd.DataFrame(
            {
                "mean probability": found.confidence,
                "share right": found.accuracy,
                "pictures": found.num_pictures,
            }
        )
        figure_table.show(table, "calibration", key=key)
    with left:
        place = _clicked(answer_charts.calibration(found), key)
    if place is not None and index is None:
        _bin(of, int(found.bin_numbers[place]), confidence.NUM_BINS, key)


def _confidence(of: Answers, key: str) -> None:
    predictions = of.predictions
    right, wrong = confidence.histogram(predictions.probabilities, predictions.labels, _NUM_BARS)
    place = _clicked(answer_charts.histogram(right, wrong), key)
    with st.container(horizontal=True, vertical_alignment="center"):
        edges = np.linspace(0, 1, _NUM_BARS + 1)
        columns = {"from": edges[:-1], "to": edges[1:], "right": right, "wrong": wrong}
        figure_table.show(pd.DataFrame(columns), "confidence", key=key)
        st.caption("Click a bar to see its pictures.")
    if place is not None:
        _bin(of, place, _NUM_BARS, key)


def _clicked(figure: Any, key: str) -> int | None:
    """The place of the point or bar that was clicked."""
    state: Any = st.plotly_chart(
        figure,
        key=f"figure of {key}",
        on_select="rerun",
        selection_mode="points",
        config=charts.CLICKABLE,
    )
    points = [point for point in state.selection.points if "customdata" in point]
    if not points:
        return None
    given = points[0]["customdata"]
    return int(given[0] if isinstance(given, list) else given)


def _bin(of: Answers, index: int, num_bins: int, key: str) -> None:
    places = confidence.bins(of.predictions.probabilities.max(axis=1), num_bins)
    inside = np.flatnonzero(places == index)
    low, high = index / num_bins, (index + 1) / num_bins
    st.markdown(f"**{wording.count(len(inside), 'picture')} sure by {low:.2f} to {high:.2f}**")
    answer_gallery.show(of, inside, key=f"bin {index} of {key}", order="highest loss first")


def _coverage(of: Answers, key: str) -> None:
    found = cached_evaluation.coverage(of)
    threshold = st.slider(
        "Answer only from a probability of", 0.0, 1.0, 0.8, 0.01, key=f"threshold of {key}"
    )
    share, accuracy = confidence.answered(found, threshold)
    left, right = st.columns([2, 1])
    with left:
        figure = answer_charts.coverage(found, (share, accuracy))
        st.plotly_chart(figure, key=f"figure of {key}", config=charts.QUIET)
    with right:
        st.metric("Pictures answered", f"{share:.1%}", border=True)
        st.metric("Of these right", wording.score(accuracy), border=True)
        st.caption(
            f"Answering everything, {found.accuracy[-1]:.3f} are right. What is left out would be "
            "looked at by a person."
        )
        columns = {
            "threshold": found.threshold,
            "share answered": found.coverage,
            "share right": found.accuracy,
        }
        figure_table.show(pd.DataFrame(columns), "coverage", key=key)
    unsure = np.flatnonzero(answers.confidence(of.predictions) < threshold)
    if len(unsure):
        st.markdown(f"**{wording.count(len(unsure), 'picture')} left to a person**")
        answer_gallery.show(of, unsure, key=f"unsure of {key}", order="least sure first")
