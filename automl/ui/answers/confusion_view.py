"""Where a trial is wrong: the confusion matrix and the pictures behind one of its cells."""

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from automl.evaluation import confusion
from automl.figures import charts, confusion_chart, wording
from automl.ui import cached_evaluation, figure_table
from automl.ui.answers import answer_gallery
from automl.ui.cached_evaluation import Answers

_MAX_CLASSES = 25
_MAX_CLASSES_AT_ALL = 200
_MAX_PAIRS = 50
_UNITS: dict[str, confusion.Unit] = {
    "Pictures": "count",
    "Share of row": "row",
    "Share of column": "column",
}
_EXPLAINED: dict[confusion.Unit, str] = {
    "count": "",
    "row": " A row adds up to 1: the share of a class that was taken for each class.",
    "column": " A column adds up to 1: of what was taken for a class, what it really was.",
}


def show(of: Answers, *, key: str) -> None:
    """key: names the trial; what was clicked belongs to it."""
    matrix = cached_evaluation.matrix(of)
    left, right = st.columns([1, 1], gap="medium")
    with left:
        _matrix(matrix, of.class_names, key)
    with right:
        _most_confused(matrix, of.class_names, key)
        true, predicted = _cell(matrix, of.class_names, key)
        _pictures(of, true, predicted, key)


def _matrix(matrix: NDArray[np.int64], class_names: list[str], key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        unit = _UNITS[
            st.segmented_control(
                "Numbers",
                list(_UNITS),
                default="Pictures",
                required=True,
                key=f"unit of {key}",
                label_visibility="collapsed",
            )
        ]
        limit = _MAX_CLASSES
        if len(class_names) > _MAX_CLASSES and st.toggle("More classes", key=f"more of {key}"):
            limit = _MAX_CLASSES_AT_ALL
        shown = confusion.hardest_classes(matrix, limit)
        figure_table.show(confusion.table(matrix, class_names), "confusion-matrix", key=key)
    chart = f"matrix of {key}"

    def take_click() -> None:
        points = st.session_state[chart].selection.points
        if points:
            _choose(key, *points[0]["customdata"])

    dark = st.context.theme.type == "dark"
    st.plotly_chart(
        confusion_chart.figure_of(matrix, class_names, shown, unit=unit, dark=dark),
        key=chart,
        on_select=take_click,
        selection_mode="points",
        config=charts.CLICKABLE,
        alt="Confusion matrix",
    )
    text = "Click a cell to see its pictures; the diagonal is right." + _EXPLAINED[unit]
    if len(shown) < len(class_names):
        text += f" The {len(shown)} classes with most errors of {len(class_names):,}."
    st.caption(text)


def _most_confused(matrix: NDArray[np.int64], class_names: list[str], key: str) -> None:
    """The pairs as a list; a row is a cell of the matrix."""
    pairs = confusion.most_confused(matrix, _MAX_PAIRS)
    if not pairs:
        st.success("Every answer is right.", icon=":material/check_circle:")
        return
    table = pd.DataFrame(
        {
            "True class": [class_names[pair.true] for pair in pairs],
            "Taken for": [class_names[pair.predicted] for pair in pairs],
            "Pictures": [pair.num_pictures for pair in pairs],
        }
    )
    chart = f"pairs of {key}"

    def take_click() -> None:
        rows = st.session_state[chart].selection.rows
        if rows:
            _choose(key, *pairs[rows[0]][:2])

    st.dataframe(
        table,
        key=chart,
        hide_index=True,
        height=min(len(pairs), 4) * 35 + 38,
        on_select=take_click,
        selection_mode="single-row",
        alt="Classes most often taken for each other",
    )


def _choose(key: str, true: int, predicted: int) -> None:
    """A click has been made on a cell."""
    num_clicks = st.session_state.get(f"clicked in {key}", (0,))[0]
    st.session_state[f"clicked in {key}"] = num_clicks + 1, true, predicted


def _cell(matrix: NDArray[np.int64], class_names: list[str], key: str) -> tuple[int, int]:
    """The cell in view, to begin with the fullest wrong one; two boxes do what a click does."""
    worst = confusion.most_confused(matrix, 1)
    first = (0, *(worst[0][:2] if worst else (0, 0)))
    # after a click the boxes are others: what the browser still says of the old ones, when two
    # clicks follow each other closely, must not undo it
    num_clicks, *indices = st.session_state.get(f"clicked in {key}", first)
    true, predicted = (
        column.selectbox(
            f"{what} class",
            range(len(class_names)),
            index,
            format_func=class_names.__getitem__,
            key=f"{what} class after {num_clicks} clicks on {key}",
        )
        for column, what, index in zip(st.columns(2), ("True", "Predicted"), indices, strict=True)
    )
    return true, predicted


def _pictures(of: Answers, true: int, predicted: int, key: str) -> None:
    inside = confusion.inside(of.predictions, true, predicted)
    names = [wording.plain(of.class_names[index]) for index in (true, predicted)]
    if not len(inside):
        st.info(f"No picture of {names[0]} was taken for {names[1]}.")
        return
    icon = ":material/check:" if true == predicted else ":material/close:"
    pictures = wording.count(len(inside), "picture")
    what = "recognised" if true == predicted else f"taken for {names[1]}"
    st.markdown(f"{icon} **{pictures} of {names[0]} {what}**")
    answer_gallery.show(of, inside, key=f"cell {true} {predicted} of {key}")
