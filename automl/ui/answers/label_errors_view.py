"""Pictures by what became of a label in their answers: missed, false, right or rightly absent."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from automl.evaluation import answers
from automl.evaluation.predictions import Predictions
from automl.figures import wording
from automl.ui.answers import answer_gallery
from automl.ui.cached_evaluation import Answers

_ALL = "All labels"
_KINDS = ("Missed", "False", "Right", "Rightly absent")


def show(trial_answers: Answers, *, key: str) -> None:
    """Draw the pictures of a label and kind, wrong answers of any label first.

    Args:
        trial_answers: the answers.
        key: unique name of the answers.
    """
    predictions, names = trial_answers.predictions, trial_answers.class_names
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = st.selectbox("Label", [_ALL, *names], key=f"label in error of {key}", width=220)
        kind = st.segmented_control(
            "Pictures where it is", _KINDS, default="Missed", required=True, key=f"kind of {key}"
        )
        positions = _positions(predictions, kind, None if label == _ALL else names.index(label))
        st.caption(
            f"{len(positions):,} of {wording.count(len(predictions.labels), 'picture')}; "
            f"{len(answers.wrong(predictions)):,} have a wrong label, at a threshold of 0.5"
        )
    if not len(positions):
        st.info("There is no such picture.")
        return
    name = f"{kind} {label} of {key}"
    answer_gallery.show(trial_answers, positions, key=name, order="highest loss first")


def _positions(predictions: Predictions, kind: str, label: int | None) -> NDArray[np.int64]:
    """Positions of the pictures in whose answers a label, or any, is of this kind."""
    predicted, true = np.asarray(predictions.predicted, bool), predictions.labels
    cells = {
        "Missed": true & ~predicted,
        "False": predicted & ~true,
        "Right": predicted & true,
        "Rightly absent": ~predicted & ~true,
    }
    cell = cells[kind]
    return np.flatnonzero(cell.any(axis=1) if label is None else cell[:, label])
