"""Pictures with any number of labels: the choice to read them so, and how the labels combine."""

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from automl.dataset import label_sets
from automl.dataset.manifest import Manifest
from automl.figures import charts, co_occurrence_chart, wording
from automl.jobs.tasks import TASKS
from automl.texts import _
from automl.ui import figure_table
from automl.ui.dataset import data_choice

_MAX_LABELS = 25


def choose_task(*, is_table: bool) -> None:
    """Draw the choice between one label a picture and any number.

    Args:
        is_table: the data is a table. Folders of classes have one label a picture, and nothing is
            drawn for them.
    """
    current = data_choice.task()
    if not (is_table or current.has_label_sets):
        return
    key = f"task instead of {current.name}"

    def take() -> None:
        data_choice.choose_task(st.session_state[key])

    st.segmented_control(
        _("Labels of a picture"),
        list(TASKS),
        default=current.name,
        format_func=lambda name: _(TASKS[name].title),
        required=True,
        key=key,
        on_change=take,
        label_visibility="collapsed",  # each choice says it
    )


@st.fragment
def show(data: Manifest) -> None:
    """Draw how many labels pictures have, and which occur together; nothing for one label each."""
    samples = data.readable
    if not label_sets.are_in(samples) or samples.empty:
        return
    sizes = np.bincount(samples[label_sets.COLUMN].str.len())
    shares = []
    for size in np.flatnonzero(sizes):
        what = wording.count(int(size), "label") if size else _("no label")
        pictures = wording.integer(int(sizes[size]))
        shares.append(_("**{pictures}** with {labels}").format(pictures=pictures, labels=what))
    st.markdown(_("Pictures: {shares}").format(shares=" · ".join(shares)))
    fold = st.expander(_("Labels that occur together"), key="co-occurrence", on_change="rerun")
    if not fold.open:
        return
    counts = label_sets.co_occurrence(label_sets.truth(samples, data.class_names))
    frequent = label_sets.most_frequent(counts, _MAX_LABELS)
    with fold:
        figure = co_occurrence_chart.figure_of(
            counts[np.ix_(frequent, frequent)], [data.class_names[index] for index in frequent]
        )
        st.plotly_chart(figure, key="labels that occur together", config=charts.QUIET)
        if len(frequent) < len(counts):
            st.caption(
                _("The {shown} most frequent of {counts} labels.").format(
                    shown=_MAX_LABELS, counts=wording.integer(len(counts))
                )
            )
        figure_table.show(lambda: _pairs(counts, data.class_names), "co-occurrence")


def _pairs(counts: NDArray[np.int64], names: list[str]) -> pd.DataFrame:
    """Every pair of labels that a picture has, the most frequent first."""
    first, second = np.nonzero(np.triu(counts, k=1))
    together = counts[first, second]
    order = np.argsort(-together, kind="stable")
    array = np.array(names, object)
    columns = {"label": array[first], "other label": array[second], "pictures": together}
    return pd.DataFrame(columns).iloc[order]
