"""Charts of a trial's probabilities, and the pictures behind a point of a chart."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from automl.evaluation import answers, confidence, curves, natural_order
from automl.evaluation.curves import Average, Curve, Kind
from automl.figures import answer_charts, charts, wording
from automl.texts import _, mark
from automl.ui import cached_evaluation, figure_table, phone
from automl.ui.answers import answer_gallery
from automl.ui.cached_evaluation import Answers

_CURVES: dict[str, Kind] = {
    mark("ROC"): "roc",
    mark("Precision and recall"): "precision_recall",
    mark("Cumulative gains"): "gains",
    mark("Lift"): "lift",
}
_CALIBRATION, _CONFIDENCE, _COVERAGE = (
    mark("Calibration"),
    mark("Confidence"),
    mark("Answer only when sure"),
)
_AVERAGES: dict[str, Average] = {
    mark("macro average"): "macro",
    mark("micro average"): "micro",
    mark("weighted average"): "weighted",
}
_NUM_BARS = 20
_MAX_LINES = 10


def show(trial_answers: Answers, *, key: str) -> None:
    chosen = st.segmented_control(
        _("Chart"),
        [*_CURVES, _CALIBRATION, _CONFIDENCE, _COVERAGE],
        default="ROC",
        format_func=_,
        required=True,
        key=f"chart of {key}",
        label_visibility="collapsed",
    )
    key = f"{chosen} of {key}"
    if chosen in _CURVES:
        _curves(trial_answers, _CURVES[chosen], key)
    elif chosen == _CALIBRATION:
        _calibration(trial_answers, key)
    elif chosen == _CONFIDENCE:
        _confidence(trial_answers, key)
    else:
        _coverage(trial_answers, key)


def _present(trial_answers: Answers) -> dict[str, int]:
    """Names and indices of the classes that some pictures have and others have not."""
    names = trial_answers.class_names
    drawable = curves.drawable(trial_answers.predictions.labels, len(names))
    return {names[index]: index for index in natural_order.indices(names, drawable.tolist())}


def _curves(trial_answers: Answers, kind: Kind, key: str) -> None:
    present = _present(trial_answers)
    if not present:
        st.info(_("This chart needs pictures with a class and others without it. There are none."))
        return
    offered: dict[str, int | Average] = {**present, **_AVERAGES}
    has_sets = trial_answers.predictions.has_label_sets
    chosen = st.multiselect(
        _("Labels and averages") if has_sets else _("Classes and averages"),
        [*_AVERAGES, *(name for name in present if name not in _AVERAGES)],
        default=["macro average", "micro average"],
        format_func=_title,
        max_selections=_MAX_LINES,
        key=f"lines of {key}",
    )
    drawn = {
        _title(name): cached_evaluation.curve(trial_answers, kind, offered[name]) for name in chosen
    }
    perfect = None
    if kind == "gains":
        labels, num_classes = trial_answers.predictions.labels, len(trial_answers.class_names)
        perfect = {
            _title(name): curves.perfect_gains(labels, num_classes, offered[name])
            for name in chosen
        }
    figure = phone.fitted(answer_charts.lines(kind, drawn, perfect))
    st.plotly_chart(figure, key=f"figure of {key}", config=charts.QUIET, alt=kind)
    with st.container(horizontal=True, vertical_alignment="center"):
        figure_table.show(lambda: _points(drawn, *answer_charts.AXES[kind]), kind, key=key)
        if perfect:
            st.caption(_("Dotted: a perfect model, which puts all pictures of the class first."))


def _title(name: str) -> str:
    """Name of a class, or of an average in the language of the page."""
    return _(name) if name in _AVERAGES else name


def _points(drawn: dict[str, Curve], x: str, y: str) -> pd.DataFrame:
    parts = [pd.DataFrame({"of": name, x: curve.x, y: curve.y}) for name, curve in drawn.items()]
    return pd.concat(parts) if parts else pd.DataFrame(columns=["of", x, y])


def _calibration(trial_answers: Answers, key: str) -> None:
    present = _present(trial_answers)
    everything = _("every answer")
    chosen = st.selectbox(_("Of"), [everything, *present], key=f"class of {key}", width=320)
    index = present.get(chosen)
    calibration = cached_evaluation.calibration(trial_answers, index)
    left, right = st.columns([2, 1])
    with right:
        st.metric(
            _("Expected calibration error"),
            f"{calibration.expected_error:.3f}",
            border=True,
            help=_(
                "Mean difference between the probability and the share of right answers, "
                "over the pictures, in {bins} bins (Guo et al., 2017). 0 is perfect."
            ).format(bins=confidence.NUM_BINS),
        )
        st.caption(
            _(
                "Below the dotted line the model is overconfident, above it underconfident. "
                "Points with few pictures vary by chance."
            )
        )
        columns = {
            _("mean probability"): calibration.confidence,
            _("share right"): calibration.accuracy,
            "pictures": calibration.num_pictures,
        }
        figure_table.show(lambda: pd.DataFrame(columns), "calibration", key=key)
    with left:
        clicked = _clicked(answer_charts.calibration(calibration), key)
    scores = _scores(trial_answers, index)
    if clicked is not None and scores is not None:
        number = int(calibration.bin_numbers[clicked])
        _bin(trial_answers, scores, number, confidence.NUM_BINS, key)


def _scores(trial_answers: Answers, index: int | None) -> NDArray[np.floating] | None:
    """(N,) probabilities that the points of a calibration count pictures by; None if each picture
    is counted once for each label."""
    predictions = trial_answers.predictions
    if index is not None:
        return predictions.probabilities[:, index]
    return None if predictions.has_label_sets else answers.confidence(predictions)


def _confidence(trial_answers: Answers, key: str) -> None:
    predictions = trial_answers.predictions
    right, wrong = confidence.histogram(predictions.probabilities, predictions.labels, _NUM_BARS)
    clicked = _clicked(answer_charts.histogram(right, wrong), key)
    with st.container(horizontal=True, vertical_alignment="center"):
        edges = np.linspace(0, 1, _NUM_BARS + 1)
        columns = {"from": edges[:-1], "to": edges[1:], "right": right, "wrong": wrong}
        figure_table.show(lambda: pd.DataFrame(columns), "confidence", key=key)
        st.caption(_("Click a bar to see its pictures."))
    if clicked is not None:
        _bin(trial_answers, answers.confidence(predictions), clicked, _NUM_BARS, key)


def _clicked(figure: Any, key: str) -> int | None:
    """Index of the point or bar that was clicked; None if none was."""
    state: Any = st.plotly_chart(
        figure,
        key=f"figure of {key}",
        on_select="rerun",
        selection_mode="points",
        config=charts.CLICKABLE,
    )
    places = [charts.place(point) for point in state.selection.points]
    return next((place for place in places if place is not None), None)


def _bin(
    trial_answers: Answers, scores: NDArray[np.floating], index: int, num_bins: int, key: str
) -> None:
    inside = np.flatnonzero(confidence.bins(scores, num_bins) == index)
    low, high = index / num_bins, (index + 1) / num_bins
    st.markdown(
        _("**{pictures} with probability {low:.2f} to {high:.2f}**").format(
            pictures=wording.count(len(inside), "picture"), low=low, high=high
        )
    )
    answer_gallery.show(
        trial_answers, inside, key=f"bin {index} of {key}", order="highest loss first"
    )


def _coverage(trial_answers: Answers, key: str) -> None:
    coverage = cached_evaluation.coverage(trial_answers)
    threshold = st.slider(
        _("Answer only from a probability of"), 0.0, 1.0, 0.8, 0.01, key=f"threshold of {key}"
    )
    share, accuracy = confidence.answered(coverage, threshold)
    left, right = st.columns([2, 1])
    with left:
        figure = answer_charts.coverage(coverage, (share, accuracy))
        st.plotly_chart(figure, key=f"figure of {key}", config=charts.QUIET)
    with right:
        st.metric(_("Pictures answered"), wording.percent(share), border=True)
        st.metric(_("Right answers among them"), wording.score(accuracy), border=True)
        st.caption(
            _(
                "If every picture is answered, {accuracy:.3f} are right. Pictures that are "
                "not answered are left to a person."
            ).format(accuracy=coverage.accuracy[-1])
        )
        columns = {
            "threshold": coverage.threshold,
            _("share answered"): coverage.coverage,
            _("share right"): coverage.accuracy,
        }
        figure_table.show(lambda: pd.DataFrame(columns), "coverage", key=key)
    unsure = np.flatnonzero(answers.confidence(trial_answers.predictions) < threshold)
    if len(unsure):
        st.markdown(
            _("**{pictures} left to a person**").format(
                pictures=wording.count(len(unsure), "picture")
            )
        )
        answer_gallery.show(trial_answers, unsure, key=f"unsure of {key}", order="least sure first")
