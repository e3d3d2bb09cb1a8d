"""One answer looked at closely: the picture, what it shows, what was answered, and why."""

from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from automl.figures import bar_charts, charts, wording
from automl.ui import enlargement
from automl.ui.answers import explanation_view
from automl.ui.cached_evaluation import Answers

_POSITION = "position of the answer in view"
_NUM_CLASSES = 5


def open_at(of: Answers, positions: NDArray[np.int64], position: int) -> None:
    """Enlarge one of the pictures; the others can be leafed through.

    Args:
        of: the answers.
        positions: of some pictures among them.
        position: which of these.
    """
    st.session_state[_POSITION] = position
    show(of, positions)


@st.dialog("Picture", width="large")
def show(of: Answers, positions: NDArray[np.int64]) -> None:
    """The one that is in view; arguments as of `open_at`."""
    answer = int(positions[st.session_state[_POSITION]])
    sample = of.samples.iloc[answer]
    path = Path(str(sample["path"]))
    left, right = st.columns([3, 2], gap="medium")
    with right:
        enlargement.leaf(len(positions), key=_POSITION)
        _facts(of, answer)
        asked = explanation_view.ask()
        st.code(str(path), language=None, wrap_lines=True)
    with left:
        if not explanation_view.show(of.experiment_dir, of.trial_id, path, asked=asked):
            size = int(sample["width"]), int(sample["height"])
            enlargement.show(path, size, str(sample["label"]))


def _facts(of: Answers, answer: int) -> None:
    names, probabilities = of.class_names, of.predictions.probabilities[answer]
    true, given = int(of.predictions.labels[answer]), int(probabilities.argmax())
    if true == given:
        st.markdown(f"**{wording.plain(names[true])}**, recognised")
    else:
        taken = f"**{wording.plain(names[true])}** taken for **{wording.plain(names[given])}**"
        st.markdown(taken)
    by_label = {names[index]: float(value) for index, value in enumerate(probabilities)}
    figure = bar_charts.probabilities(by_label, limit=_NUM_CLASSES)
    st.plotly_chart(figure, key="probabilities of the answer", config=charts.QUIET)
