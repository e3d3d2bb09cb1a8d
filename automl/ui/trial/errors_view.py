"""The errors of a trial: the worst first, the labels in doubt, and where it does worse."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from automl.evaluation import answers
from automl.figures import wording
from automl.ui import cached_evaluation, figure_table
from automl.ui.answers import answer_gallery
from automl.ui.cached_evaluation import Answers
from automl.ui.trial import doubtful_labels_view

_WORST, _DOUBTFUL, _PARTS = "Worst mistakes", "Doubtful labels", "Parts of the pictures"


def show(of: Answers, *, key: str, is_finished: bool) -> None:
    """is_finished: the experiment has ended, so that another one may start."""
    chosen = st.segmented_control(
        "Errors",
        [_WORST, _DOUBTFUL, _PARTS],
        default=_WORST,
        required=True,
        key=f"errors of {key}",
        label_visibility="collapsed",
    )
    if chosen == _WORST:
        _worst(of, key)
    elif chosen == _DOUBTFUL:
        doubtful_labels_view.show(of.experiment_dir, is_finished=is_finished)
    else:
        _parts(of, key)


def _worst(of: Answers, key: str) -> None:
    predictions = of.predictions
    wrong = answers.wrong(predictions)
    if not len(wrong):
        st.success("Every answer is right.", icon=":material/check_circle:")
        return
    total = len(predictions.labels)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{len(wrong):,} of {wording.count(total, 'picture')} wrong**")
        figure_table.download(_table(of, wrong), "mistakes", key=key)
    answer_gallery.show(of, wrong, key=f"worst of {key}", order="highest loss first")


def _table(of: Answers, positions: NDArray[np.int64]) -> pd.DataFrame:
    predictions = of.predictions
    positions = answers.ordered(predictions, positions, "highest loss first")
    return pd.DataFrame(
        {
            "path": of.samples["path"].to_numpy()[positions],
            "label": [of.class_names[index] for index in predictions.labels[positions]],
            "answer": [of.class_names[index] for index in predictions.predicted[positions]],
            "probability": answers.confidence(predictions)[positions],
            "loss": answers.losses(predictions)[positions],
        }
    )


def _parts(of: Answers, key: str) -> None:
    found = cached_evaluation.slices(of)
    if not found:
        st.info("The pictures are too alike, or too few, to compare parts of them.")
        return
    table = pd.DataFrame(
        {
            "Part": [f"{one.name}: {one.part}" for one in found],
            "Pictures": [one.num_pictures for one in found],
            "Accuracy": [one.accuracy for one in found],
            "": ["worse than the rest" if one.is_worse else "" for one in found],
        }
    )
    state: Any = st.dataframe(
        table,
        key=f"parts of {key}",
        hide_index=True,
        column_config={
            "Part": st.column_config.TextColumn(width="large"),
            "Accuracy": st.column_config.ProgressColumn(format="%.3f", min_value=0, max_value=1),
        },
        on_select="rerun",
        selection_mode="single-row",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        figure_table.download(table, "parts", key=key)
        st.caption(
            "Marked parts are worse than all other pictures by more than chance explains "
            "(Fisher's exact test at 5 %, corrected for the number of parts). "
            "Select one to see its mistakes."
        )
    if state.selection.rows:
        part = found[state.selection.rows[0]]
        wrong = answers.wrong(of.predictions)
        inside = wrong[part.inside[wrong]]
        st.markdown(f"**{wording.count(len(inside), 'mistake')} in {wording.plain(part.part)}**")
        if len(inside):
            name = f"{part.name} {part.part} of {key}"
            answer_gallery.show(of, inside, key=name, order="highest loss first")
