"""The classification report of a trial; a click on a class shows the pictures it gets wrong."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from automl.evaluation import class_report
from automl.figures import wording
from automl.texts import _, mark
from automl.ui import cached_evaluation, figure_table, table_selection
from automl.ui.answers import answer_gallery
from automl.ui.cached_evaluation import Answers

_HELP = {
    "precision": mark("Share of right answers among the answers with this class."),
    "recall": mark("Share of the pictures of this class that are recognised."),
    "f1": mark("Harmonic mean of precision and recall."),
    "auc": mark("Area under the ROC curve, the class against the rest."),
    "average_precision": mark("Area under the precision-recall curve, the class against the rest."),
}
TITLES = {
    "precision": mark("Precision"),
    "recall": mark("Recall"),
    "f1": "F1",
    "auc": "AUC",
    "average_precision": mark("Average precision"),
}


def show(trial_answers: Answers, metrics: Mapping[str, float], *, key: str) -> None:
    """Draw the report.

    Args:
        trial_answers: the answers.
        metrics: metrics of the same answers, for the averages.
        key: unique name of the report on its page.
    """
    table = cached_evaluation.class_report(trial_answers)
    averages = class_report.averages(metrics)
    shown = table.sort_values("recall", kind="stable")
    indices = shown.index.tolist()
    chart = f"report of {key}"
    state: Any = st.dataframe(
        shown,
        key=chart,
        hide_index=True,
        column_config=_columns(_("Class")),
        on_select="rerun",
        selection_mode="single-row",
        placeholder=wording.NOTHING,
        alt=_("Classification report"),
    )
    st.dataframe(
        averages, hide_index=True, column_config=_columns(_("Average")), placeholder=wording.NOTHING
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        figure_table.download(pd.concat([table, averages]), "classification-report", key=key)
        if missing := class_report.absent(table):
            names = ", ".join(missing[:10])
            if len(missing) > 10:
                names = _("{names} and {count} more").format(names=names, count=len(missing) - 10)
            text = _("There is no picture of {names}; the macro averages leave them out.")
            st.caption(wording.plain(text.format(names=names)))
    if (row := table_selection.row(state, len(shown))) is not None:
        _mistakes(trial_answers, indices[row], key)
    else:
        st.caption(
            _("The class with the lowest recall comes first. Select a class to see its mistakes.")
        )


def _mistakes(trial_answers: Answers, index: int, key: str) -> None:
    predictions = trial_answers.predictions
    predicted, is_true = predictions.predicted, predictions.labels == index
    name = wording.plain(trial_answers.class_names[index])
    for title, positions in (
        (
            _("{name} taken for something else").format(name=name),
            np.flatnonzero(is_true & (predicted != index)),
        ),
        (
            _("Something else taken for {name}").format(name=name),
            np.flatnonzero(~is_true & (predicted == index)),
        ),
    ):
        st.markdown(f"**{title}: {wording.count(len(positions), 'picture')}**")
        if len(positions):
            answer_gallery.show(trial_answers, positions, key=f"{title} of {key}")


def _columns(first: str) -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "class": st.column_config.TextColumn(first),
        "pictures": number(_("Pictures"), format="localized"),
        **{
            name: number(_(TITLES[name]), format="%.3f", help=_(help_text))
            for name, help_text in _HELP.items()
        },
    }
