"""Pictures by what became of a label in their answers: missed, false, right or rightly absent."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from automl.evaluation import answers
from automl.evaluation.predictions import Predictions
from automl.figures import wording
from automl.texts import _, mark
from automl.ui.answers import answer_gallery
from automl.ui.cached_evaluation import Answers

_ALL = mark("All labels")


def show(trial_answers: Answers, *, key: str) -> None:
    """Draw the choice of a label, and its pictures as in `of_label`.

    Args:
        trial_answers: the answers.
        key: unique name of the answers.
    """
    predictions = trial_answers.predictions
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = st.selectbox(
            _("Label"),
            [_ALL, *trial_answers.class_names],
            format_func=lambda name: _(name) if name == _ALL else name,
            key=f"label in error of {key}",
            width=220,
        )
        st.caption(
            _("{wrong} of {pictures} have a wrong label, at a threshold of 0.5").format(
                wrong=wording.integer(len(answers.wrong(predictions))),
                pictures=wording.count(len(predictions.labels), "picture"),
            )
        )
    of_label(trial_answers, None if label == _ALL else label, key=key)


def of_label(trial_answers: Answers, label: str | None, *, key: str) -> None:
    """Draw the four counts of a label, or of any, and the pictures of the chosen one.

    Args:
        trial_answers: the answers.
        label: name of the label; None: any.
        key: unique name of the answers.
    """
    index = None if label is None else trial_answers.class_names.index(label)
    cells = _cells(trial_answers.predictions, index)
    kind = st.segmented_control(
        _("Pictures where the label is"),
        list(cells),
        default=next((kind for kind in ("Missed", "False") if len(cells[kind])), "Right"),
        format_func=lambda kind: f"{_(kind)} ({wording.integer(len(cells[kind]))})",
        required=True,
        key=f"kind of {key}",
    )
    if not len(cells[kind]):
        st.info(_("There is no such picture."))
        return
    name = f"{kind} {label} of {key}"
    answer_gallery.show(trial_answers, cells[kind], key=name, order="highest loss first")


def _cells(predictions: Predictions, label: int | None) -> dict[str, NDArray[np.int64]]:
    """Positions of the pictures in whose answers a label, or any, is of a kind, by kind."""
    predicted, true = np.asarray(predictions.predicted, bool), predictions.labels
    if label is not None:
        predicted, true = predicted[:, [label]], true[:, [label]]
    cells = {
        mark("Missed"): true & ~predicted,
        mark("False"): predicted & ~true,
        mark("Right"): predicted & true,
        mark("Rightly absent"): ~predicted & ~true,
    }
    return {kind: np.flatnonzero(cell.any(axis=1)) for kind, cell in cells.items()}
