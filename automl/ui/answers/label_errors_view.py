"""Pictures by what became of a label in their answers: missed, false, right or rightly absent."""

from collections.abc import Sequence

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
    of_labels(trial_answers, [] if label == _ALL else [label], key=key)


def of_labels(trial_answers: Answers, labels: Sequence[str], *, key: str) -> None:
    """Draw the four counts of a label, and the pictures of the chosen one.

    Args:
        trial_answers: the answers.
        labels: name of the label; of two, what counts is that both are there; none: any label.
        key: unique name of the answers.
    """
    columns = [trial_answers.class_names.index(label) for label in labels]
    found = cells(trial_answers.predictions, columns)
    kind = st.segmented_control(
        _("Pictures where the label is")
        if len(labels) < 2
        else _("Pictures where both labels together are"),
        list(found),
        default=next((kind for kind in ("Missed", "False") if len(found[kind])), "Right"),
        format_func=lambda kind: f"{_(kind)} ({wording.integer(len(found[kind]))})",
        required=True,
        key=f"kind of {key}",
    )
    if not len(found[kind]):
        st.info(_("There is no such picture."))
        return
    name = f"{kind} {labels} of {key}"
    answer_gallery.show(trial_answers, found[kind], key=name, order="highest loss first")


def cells(predictions: Predictions, labels: list[int]) -> dict[str, NDArray[np.int64]]:
    """Positions of the pictures in whose answers the labels together, or any label if none is
    given, are of a kind, by kind."""
    predicted, true = np.asarray(predictions.predicted, bool), predictions.labels
    if labels:
        predicted, true = (
            np.asarray(each[:, labels].all(axis=1, keepdims=True)) for each in (predicted, true)
        )
    outcomes = {
        mark("Missed"): true & ~predicted,
        mark("False"): predicted & ~true,
        mark("Right"): predicted & true,
        mark("Rightly absent"): ~predicted & ~true,
    }
    return {kind: np.flatnonzero(each.any(axis=1)) for kind, each in outcomes.items()}
