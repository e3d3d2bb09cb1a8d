"""Confusion matrix of a trial, and the pictures in one of its cells."""

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from automl.evaluation import confusion, natural_order
from automl.figures import charts, confusion_chart, wording
from automl.texts import _, mark
from automl.ui import cached_evaluation, figure_table, theme
from automl.ui.answers import answer_gallery
from automl.ui.cached_evaluation import Answers

_MAX_CLASSES = 25
_MAX_CLASSES_AT_ALL = 200
_MAX_PAIRS = 50
_UNITS: dict[str, confusion.Unit] = {
    mark("Pictures"): "count",
    mark("Share of row"): "row",
    mark("Share of column"): "column",
}
_EXPLAINED: dict[confusion.Unit, str] = {
    "row": mark(
        "Each row adds up to 1: the predicted classes of the pictures with one true class."
    ),
    "column": mark(
        "Each column adds up to 1: the true classes of pictures with one predicted class."
    ),
}


def show(
    trial_answers: Answers, *, key: str, first: tuple[str | None, str | None] = (None, None)
) -> None:
    """Draw the matrix, the list of confused classes, and the pictures of the chosen cell.

    Args:
        trial_answers: the answers.
        key: unique name of the answers; the clicked cell is kept under it.
        first: true and predicted class of the cell that is shown before the first click; the one
            with the most errors if they are no classes.
    """
    matrix = cached_evaluation.matrix(trial_answers)
    left, right = st.columns([1, 1], gap="medium")
    with left:
        _matrix(matrix, trial_answers.class_names, key)
    with right:
        _most_confused(matrix, trial_answers.class_names, key)
        true, predicted = _cell(matrix, trial_answers.class_names, key, first)
        _pictures(trial_answers, true, predicted, key)


def _matrix(matrix: NDArray[np.int64], class_names: list[str], key: str) -> None:
    chart, controls = st.container(), st.container(horizontal=True, vertical_alignment="center")
    with controls:
        unit = _UNITS[
            st.segmented_control(
                _("Numbers"),
                list(_UNITS),
                default="Pictures",
                format_func=_,
                required=True,
                key=f"unit of {key}",
                label_visibility="collapsed",
            )
        ]
        limit = _MAX_CLASSES
        if len(class_names) > _MAX_CLASSES and st.toggle(_("More classes"), key=f"more of {key}"):
            limit = _MAX_CLASSES_AT_ALL
        shown = natural_order.indices(class_names, confusion.hardest_classes(matrix, limit))
        figure_table.show(lambda: confusion.table(matrix, class_names), "confusion-matrix", key=key)
    with chart:
        _chart(matrix, class_names, shown, unit, key)


def _chart(
    matrix: NDArray[np.int64],
    class_names: list[str],
    shown: list[int],
    unit: confusion.Unit,
    key: str,
) -> None:
    chart = f"matrix of {key}"

    def take_click() -> None:
        points = st.session_state[chart].selection.points
        if points:
            _choose(key, *points[0]["customdata"])

    st.plotly_chart(
        confusion_chart.figure_of(matrix, class_names, shown, unit=unit, dark=theme.is_dark()),
        key=chart,
        on_select=take_click,
        selection_mode="points",
        config=charts.CLICKABLE,
        alt=_("Confusion matrix"),
    )
    said = [_("Click a cell to see its pictures; the diagonal holds the right answers.")]
    if unit in _EXPLAINED:
        said.append(_(_EXPLAINED[unit]))
    if len(shown) < len(class_names):
        sentence = _("Shown: the {shown} of {count} classes with the most errors.")
        count = wording.integer(len(class_names))
        said.append(sentence.format(shown=len(shown), count=count))
    st.caption(" ".join(said))


def _most_confused(matrix: NDArray[np.int64], class_names: list[str], key: str) -> None:
    """Draw the list of the most confused pairs of classes; each row is a cell of the matrix."""
    pairs = confusion.most_confused(matrix, _MAX_PAIRS)
    if not pairs:
        st.success(_("Every answer is right."), icon=":material/check_circle:")
        return
    table = pd.DataFrame(
        {
            _("True class"): [class_names[pair.true] for pair in pairs],
            _("Taken for"): [class_names[pair.predicted] for pair in pairs],
            _("Pictures"): [pair.num_pictures for pair in pairs],
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
        alt=_("Classes most often taken for each other"),
    )


def _choose(key: str, true: int, predicted: int) -> None:
    """Keep the clicked cell and the number of clicks in the session."""
    num_clicks = st.session_state.get(f"clicked in {key}", (0,))[0]
    st.session_state[f"clicked in {key}"] = num_clicks + 1, true, predicted


def _cell(
    matrix: NDArray[np.int64],
    class_names: list[str],
    key: str,
    asked_for: tuple[str | None, str | None],
) -> tuple[int, int]:
    """Draw two boxes that choose a cell; returns the indices of its true and predicted class.

    At first the cell is the one asked for, or the one with the most errors.
    """
    if all(name in class_names for name in asked_for):
        first = (0, *(class_names.index(str(name)) for name in asked_for))
    else:
        worst = confusion.most_confused(matrix, 1)
        first = (0, *(worst[0][:2] if worst else (0, 0)))
    # A widget keeps its own value, so a click could not change the boxes. The number of clicks in
    # their keys makes them new boxes after every click, and the new ones start at the clicked cell.
    # If clicks follow fast, the browser may still send values of the old boxes; these are ignored,
    # because no box has the old key any more.
    num_clicks, *indices = st.session_state.get(f"clicked in {key}", first)
    options = natural_order.indices(class_names)
    titles = {"True": _("True class"), "Predicted": _("Predicted class")}
    true, predicted = (
        column.selectbox(
            title,
            options,
            options.index(index),
            format_func=class_names.__getitem__,
            key=f"{side} class after {num_clicks} clicks on {key}",
        )
        for column, (side, title), index in zip(st.columns(2), titles.items(), indices, strict=True)
    )
    return true, predicted


def _pictures(trial_answers: Answers, true: int, predicted: int, key: str) -> None:
    inside = confusion.inside(trial_answers.predictions, true, predicted)
    names = [wording.plain(trial_answers.class_names[index]) for index in (true, predicted)]
    if not len(inside):
        st.info(
            _("No picture of {name} was taken for {other}.").format(name=names[0], other=names[1])
        )
        return
    icon = ":material/check:" if true == predicted else ":material/close:"
    pictures = wording.count(len(inside), "picture")
    sentence = (
        _("{pictures} of {name} recognised")
        if true == predicted
        else _("{pictures} of {name} taken for {other}")
    )
    outcome = sentence.format(pictures=pictures, name=names[0], other=names[1])
    st.markdown(f"{icon} **{outcome}**")
    answer_gallery.show(trial_answers, inside, key=f"cell {true} {predicted} of {key}")
