"""Errors of a trial: the worst mistakes, doubtful labels, and parts with a lower accuracy."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from automl.evaluation import answers
from automl.figures import wording
from automl.texts import _, mark
from automl.ui import cached_evaluation, figure_table, table_selection
from automl.ui.answers import answer_gallery, label_errors_view
from automl.ui.cached_evaluation import Answers
from automl.ui.trial import corrected_experiment, doubtful_labels_view

_WORST, _LABELS = mark("Worst mistakes"), mark("Missed and false labels")
_DOUBTFUL, _PARTS = mark("Doubtful labels"), mark("Parts of the pictures")


def show(trial_answers: Answers, *, key: str, is_finished: bool) -> None:
    """Draw the errors; `is_finished` is True if the experiment has ended."""
    first = _LABELS if trial_answers.predictions.has_label_sets else _WORST
    chosen = st.segmented_control(
        _("Errors"),
        [first, _DOUBTFUL, _PARTS],
        format_func=_,
        default=first,
        required=True,
        key=f"errors of {key}",
        label_visibility="collapsed",
    )
    if chosen == _WORST:
        _worst(trial_answers, key)
    elif chosen == _LABELS:
        label_errors_view.show(trial_answers, key=key)
    elif chosen == _DOUBTFUL:
        doubtful_labels_view.show(trial_answers.experiment_dir)
    else:
        _parts(trial_answers, key)
    corrected_experiment.offer(trial_answers.experiment_dir, is_finished=is_finished)


def _worst(trial_answers: Answers, key: str) -> None:
    predictions = trial_answers.predictions
    wrong = answers.wrong(predictions)
    if not len(wrong):
        st.success(_("Every answer is right."), icon=":material/check_circle:")
        return
    total = len(predictions.labels)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            _("**{wrong} of {pictures} wrong**").format(
                wrong=wording.integer(len(wrong)), pictures=wording.count(total, "picture")
            )
        )
        figure_table.download(_table(trial_answers, wrong), "mistakes", key=key)
    answer_gallery.show(trial_answers, wrong, key=f"worst of {key}", order="highest loss first")


def _table(trial_answers: Answers, positions: NDArray[np.int64]) -> pd.DataFrame:
    predictions = trial_answers.predictions
    positions = answers.ordered(predictions, positions, "highest loss first")
    return pd.DataFrame(
        {
            "path": trial_answers.samples["path"].to_numpy()[positions],
            "label": [trial_answers.class_names[index] for index in predictions.labels[positions]],
            "answer": [
                trial_answers.class_names[index] for index in predictions.predicted[positions]
            ],
            "probability": answers.confidence(predictions)[positions],
            "loss": answers.losses(predictions)[positions],
        }
    )


def _parts(trial_answers: Answers, key: str) -> None:
    parts = cached_evaluation.slices(trial_answers)
    if not parts:
        st.info(_("The pictures are too similar or too few to compare parts of them."))
        return
    table = pd.DataFrame(
        {
            _("Part"): [f"{part.name}: {part.part}" for part in parts],
            _("Pictures"): [part.num_pictures for part in parts],
            _("Accuracy"): [part.accuracy for part in parts],
            "": [_("worse than the rest") if part.is_worse else "" for part in parts],
        }
    )
    state: Any = st.dataframe(
        table,
        key=f"parts of {key}",
        hide_index=True,
        column_config={
            _("Part"): st.column_config.TextColumn(width="large"),
            _("Accuracy"): st.column_config.ProgressColumn(format="%.3f", min_value=0, max_value=1),
        },
        on_select="rerun",
        selection_mode="single-row",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        figure_table.download(table, "parts", key=key)
        st.caption(
            _(
                "Parts marked as worse have a significantly lower accuracy than all other "
                "pictures (Fisher's exact test at 5 %, corrected for the number of parts). "
                "Select a part to see its mistakes."
            )
        )
    if (row := table_selection.row(state, len(parts))) is not None:
        part = parts[row]
        wrong = answers.wrong(trial_answers.predictions)
        inside = wrong[part.inside[wrong]]
        st.markdown(
            _("**{mistakes} in {part}**").format(
                mistakes=wording.count(len(inside), "mistake"), part=wording.plain(part.part)
            )
        )
        if len(inside):
            name = f"{part.name} {part.part} of {key}"
            answer_gallery.show(trial_answers, inside, key=name, order="highest loss first")
