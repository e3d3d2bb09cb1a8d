"""Gallery of pictures with their true class, the predicted class and its probability."""

from pathlib import Path
from typing import get_args

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from automl.evaluation import answers
from automl.texts import _
from automl.ui import cached, gallery
from automl.ui.answers import answer_view
from automl.ui.cached_evaluation import Answers


def show(
    trial_answers: Answers,
    positions: NDArray[np.int64],
    *,
    key: str,
    order: answers.Order = "surest first",
) -> None:
    """Draw the pictures page by page with a choice of their order; a click enlarges one.

    Args:
        trial_answers: the answers.
        positions: positions of the pictures in the answers.
        key: unique name of this set of pictures.
        order: the order at first.
    """
    if len(positions) > 1:
        orders = get_args(answers.Order)
        chosen: answers.Order = st.segmented_control(
            _("Order"),
            orders,
            default=order,
            required=True,
            format_func=_heading,
            key=f"order of {key}",
            label_visibility="collapsed",
        )
        positions = answers.ordered(trial_answers.predictions, positions, chosen)
    picked = gallery.show(
        len(positions),
        lambda part: pictures(trial_answers, positions[part]),
        key=key,
        width=112,
        opens=True,
    )
    if picked is not None:
        answer_view.open_at(trial_answers, positions, picked)


def pictures(trial_answers: Answers, positions: NDArray[np.int64]) -> list[gallery.Picture]:
    """Pictures with two lines under each: `true` or `true → predicted`, and the probability.

    Of label sets the second line has the labels that were missed and those that are false.
    """
    predictions, names = trial_answers.predictions, trial_answers.class_names
    paths = trial_answers.samples["path"].to_numpy()
    rendering = cached.rendering(trial_answers.experiment_dir)
    shown = []
    for position in positions:
        true, wrong = answers.in_words(predictions, int(position), names)
        if predictions.has_label_sets:
            caption, note = true, wrong
        else:
            caption = f"{true} → {wrong}" if wrong else true
            note = f"{predictions.probabilities[position].max():.3f}"
        shown.append(gallery.Picture(Path(str(paths[position])), caption, note, rendering))
    return shown


def _heading(order: str) -> str:
    name = _(order)
    return name[:1].upper() + name[1:]
