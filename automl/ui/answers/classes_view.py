"""The classification report of a trial; a click on a class shows the pictures it gets wrong."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from automl.evaluation import class_report
from automl.figures import wording
from automl.ui import cached_evaluation, figure_table
from automl.ui.answers import answer_gallery
from automl.ui.cached_evaluation import Answers

_HELP = {
    "precision": "Share of the answers with this class that are right.",
    "recall": "Share of the class that is found.",
    "f1": "Harmonic mean of precision and recall.",
    "auc": "Area under the ROC curve, the class against the rest.",
    "average_precision": "Area under the precision-recall curve, the class against the rest.",
}
_TITLES = {"auc": "AUC", "f1": "F1", "average_precision": "Average precision"}


def show(of: Answers, metrics: Mapping[str, float], *, key: str) -> None:
    """metrics: of the same answers, for the averages."""
    table = cached_evaluation.class_report(of)
    averages = class_report.averages(metrics)
    shown = table.sort_values("recall", kind="stable")
    indices = shown.index.tolist()
    chart = f"report of {key}"
    state: Any = st.dataframe(
        shown,
        key=chart,
        hide_index=True,
        column_config=_columns("Class"),
        on_select="rerun",
        selection_mode="single-row",
        placeholder=wording.NOTHING,
        alt="Classification report",
    )
    st.dataframe(
        averages, hide_index=True, column_config=_columns("Average"), placeholder=wording.NOTHING
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        figure_table.download(pd.concat([table, averages]), "classification-report", key=key)
        if missing := class_report.absent(table):
            names = ", ".join(missing[:10])
            more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
            text = f"No picture of {names}{more} is here; the macro averages leave them out."
            st.caption(wording.plain(text))
    if state.selection.rows:
        _mistakes(of, indices[state.selection.rows[0]], key)
    else:
        st.caption("The class found worst comes first. Select one to see what is wrong with it.")


def _mistakes(of: Answers, index: int, key: str) -> None:
    predictions = of.predictions
    given, is_true = predictions.predicted, predictions.labels == index
    name = wording.plain(of.class_names[index])
    for title, positions in (
        (f"{name} taken for something else", np.flatnonzero(is_true & (given != index))),
        (f"Something else taken for {name}", np.flatnonzero(~is_true & (given == index))),
    ):
        st.markdown(f"**{title}: {wording.count(len(positions), 'picture')}**")
        if len(positions):
            answer_gallery.show(of, positions, key=f"{title} of {key}")


def _columns(first: str) -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "class": st.column_config.TextColumn(first),
        "pictures": number("Pictures", format="localized"),
        **{
            name: number(_TITLES.get(name, name.capitalize()), format="%.3f", help=help_text)
            for name, help_text in _HELP.items()
        },
    }
