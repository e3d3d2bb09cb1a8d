"""Dialog for one answer: the picture, its true and predicted class, and an explanation."""

from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from automl.evaluation import answers
from automl.evaluation.decisions import THRESHOLD
from automl.figures import bar_charts, charts, wording
from automl.texts import _, mark
from automl.ui import cached, enlargement
from automl.ui.answers import explanation_view, label_decisions
from automl.ui.cached_evaluation import Answers
from automl.ui.dialog import dialog

_POSITION = "position of the answer in view"
_NUM_CLASSES = 5


def open_at(trial_answers: Answers, positions: NDArray[np.int64], position: int) -> None:
    """Enlarge one of the pictures; buttons lead to the others.

    Args:
        trial_answers: the answers.
        positions: positions of some pictures in the answers.
        position: index of the picture in `positions`.
    """
    st.session_state[_POSITION] = position
    show(trial_answers, positions)


@dialog(mark("Picture"), width="large", on_dismiss="rerun")  # a decision shows outside
def show(trial_answers: Answers, positions: NDArray[np.int64]) -> None:
    """Draw the picture in view; arguments as for `open_at`."""
    answer = int(positions[st.session_state[_POSITION]])
    sample = trial_answers.samples.iloc[answer]
    path = Path(str(sample["path"]))
    left, right = st.columns([3, 2], gap="medium")
    with right:
        enlargement.leaf(len(positions), key=_POSITION)
        _facts(trial_answers, answer)
        _label(trial_answers, answer)
        is_requested = explanation_view.ask(trial_answers.experiment_dir, trial_answers.trial_id)
        st.code(str(path), language=None, wrap_lines=True)
    with left:
        if not explanation_view.show(
            trial_answers.experiment_dir,
            trial_answers.trial_id,
            path,
            is_requested=is_requested,
            scored=_probabilities(trial_answers, answer),
        ):
            size = int(sample["width"]), int(sample["height"])
            rendering = cached.rendering(trial_answers.experiment_dir)
            enlargement.show(path, size, wording.label(str(sample["label"])), rendering)


def _facts(trial_answers: Answers, answer: int) -> None:
    names, predictions = trial_answers.class_names, trial_answers.predictions
    true, wrong = (wording.plain(text) for text in answers.in_words(predictions, answer, names))
    by_label = _probabilities(trial_answers, answer)
    if not wrong:
        st.markdown(_("**{true}**, recognised").format(true=true))
    elif predictions.has_label_sets:
        st.markdown(f"**{true}**: {wrong}")
    else:
        st.markdown(_("**{true}** taken for **{wrong}**").format(true=true, wrong=wrong))
    if predictions.has_label_sets:
        figure = bar_charts.label_probabilities(by_label, dict.fromkeys(names, THRESHOLD))
    else:
        figure = bar_charts.probabilities(by_label, limit=_NUM_CLASSES)
    st.plotly_chart(figure, key="probabilities of the answer", config=charts.QUIET)


def _probabilities(trial_answers: Answers, answer: int) -> dict[str, float]:
    """By label."""
    values = trial_answers.predictions.probabilities[answer].tolist()
    return dict(zip(trial_answers.class_names, values, strict=True))


def _label(trial_answers: Answers, answer: int) -> None:
    """Draw the choices for the labels that a wrong answer contradicts, except of a test picture."""
    predictions = trial_answers.predictions
    if trial_answers.are_test_answers:
        return
    true, predicted = predictions.labels[answer], predictions.predicted[answer]
    if predictions.has_label_sets:
        contradicted = np.flatnonzero(true != predicted)[:_NUM_CLASSES].tolist()
    else:
        contradicted = [] if true == predicted else [int(predicted)]
    for label in contradicted:
        label_decisions.choose(trial_answers, answer, label, key=_POSITION)
