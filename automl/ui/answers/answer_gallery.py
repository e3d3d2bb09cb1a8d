"""Pictures with what they show, what a trial took them for, and how sure it was."""

from pathlib import Path
from typing import get_args

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from automl.evaluation import answers
from automl.ui import gallery
from automl.ui.answers import answer_view
from automl.ui.cached_evaluation import Answers


def show(
    of: Answers,
    positions: NDArray[np.int64],
    *,
    key: str,
    order: answers.Order = "surest first",
) -> None:
    """Page by page, in an order that can be changed; a click looks closely at one.

    Args:
        of: the answers.
        positions: of the pictures among them.
        key: names this set of pictures.
        order: the one to begin with.
    """
    if len(positions) > 1:
        orders = get_args(answers.Order)
        chosen: answers.Order = st.segmented_control(
            "Order",
            orders,
            default=order,
            required=True,
            format_func=str.capitalize,
            key=f"order of {key}",
            label_visibility="collapsed",
        )
        positions = answers.ordered(of.predictions, positions, chosen)
    picked = gallery.show(
        len(positions),
        lambda part: pictures(of, positions[part]),
        key=key,
        width=112,
        opens=True,
    )
    if picked is not None:
        answer_view.open_at(of, positions, picked)


def pictures(of: Answers, positions: NDArray[np.int64]) -> list[gallery.Picture]:
    """With `true`, or `true → answer`, and the probability of the answer under each."""
    predictions, names, paths = of.predictions, of.class_names, of.samples["path"].to_numpy()
    found = []
    for position in positions:
        probabilities = predictions.probabilities[position]
        true, given = predictions.labels[position], int(probabilities.argmax())
        what = names[true] if true == given else f"{names[true]} → {names[given]}"
        sure = f"{probabilities[given]:.3f}"
        found.append(gallery.Picture(Path(str(paths[position])), what, sure))
    return found
