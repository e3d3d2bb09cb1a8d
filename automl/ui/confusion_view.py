"""Where a trial is wrong: the confusion matrix and the pictures behind one of its cells."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from automl.evaluation import confusion
from automl.records import Predictions
from automl.ui import charts, confusion_chart, gallery, wording

_MAX_CLASSES = 25


def show(
    predictions: Predictions, samples: pd.DataFrame, class_names: list[str], *, key: str
) -> None:
    """key: names the trial; what was clicked belongs to it."""
    matrix = confusion.matrix(predictions.labels, predictions.predicted, len(class_names))
    left, right = st.columns([1, 1], gap="medium")
    with left:
        _matrix(matrix, class_names, key)
    with right:
        cell = _cell(matrix, class_names, key)
        _pictures(predictions, samples, cell, class_names)


def by_class(predictions: Predictions, class_names: list[str]) -> None:
    """Precision and recall of every class."""
    matrix = confusion.matrix(predictions.labels, predictions.predicted, len(class_names))
    scores = confusion.class_scores(matrix)
    table = pd.DataFrame(
        {
            "Class": class_names,
            "Pictures": scores.support,
            "Recall": scores.recall,
            "Precision": scores.precision,
        }
    )
    share: dict[str, Any] = {"format": "%.3f"}
    st.dataframe(
        table.sort_values("Recall", kind="stable"),
        hide_index=True,
        column_config={
            "Recall": st.column_config.NumberColumn(help="Share of the class found.", **share),
            "Precision": st.column_config.NumberColumn(
                help="Share of the predictions of the class that are right.", **share
            ),
        },
    )


def _matrix(matrix: NDArray[np.int64], class_names: list[str], key: str) -> None:
    shown = confusion.hardest_classes(matrix, _MAX_CLASSES)
    chart = f"matrix of {key}"

    def take_click() -> None:
        points = st.session_state[chart].selection.points
        if points:
            st.session_state[_true(key)], st.session_state[_predicted(key)] = points[0][
                "customdata"
            ]

    st.plotly_chart(
        confusion_chart.figure_of(matrix, class_names, shown, dark=st.context.theme.type == "dark"),
        key=chart,
        on_select=take_click,
        selection_mode="points",
        config=charts.QUIET,
    )
    text = "Validation pictures; the diagonal is right. Click a cell to see its pictures."
    if len(shown) < len(class_names):
        text += f" The {len(shown)} classes with most errors of {len(class_names):,}."
    st.caption(text)


def _cell(matrix: NDArray[np.int64], class_names: list[str], key: str) -> tuple[int, int]:
    """The cell in view, to begin with the fullest wrong one; two boxes do what a click does."""
    if _true(key) not in st.session_state:
        worst = confusion.most_confused(matrix, 1)
        cell = worst[0][:2] if worst else (0, 0)
        st.session_state[_true(key)], st.session_state[_predicted(key)] = cell
    left, right = st.columns(2)
    indices, name = range(len(class_names)), class_names.__getitem__
    true = left.selectbox("True class", indices, format_func=name, key=_true(key))
    predicted = right.selectbox("Predicted class", indices, format_func=name, key=_predicted(key))
    return true, predicted


def _true(key: str) -> str:
    return f"true class of {key}"


def _predicted(key: str) -> str:
    return f"predicted class of {key}"


def _pictures(
    predictions: Predictions,
    samples: pd.DataFrame,
    cell: tuple[int, int],
    class_names: list[str],
) -> None:
    ids = confusion.members(predictions, *cell)
    true, predicted = (wording.plain(class_names[index]) for index in cell)
    if not ids:
        st.info(f"No picture of {true} was taken for {predicted}.")
        return
    icon = ":material/check:" if cell[0] == cell[1] else ":material/close:"
    pictures = wording.count(len(ids), "picture")
    st.markdown(f"{icon} **{pictures} of {true} taken for {predicted}**, the surest first")
    rows = {int(sample_id): row for row, sample_id in enumerate(predictions.sample_ids)}

    def page_of(part: slice) -> list[gallery.Picture]:
        return [
            gallery.Picture(
                Path(str(samples.at[sample_id, "path"])),
                f"{predictions.probabilities[rows[sample_id], cell[1]]:.3f}",
            )
            for sample_id in ids[part]
        ]

    gallery.show(len(ids), page_of, key=f"cell {cell}", width=88)
