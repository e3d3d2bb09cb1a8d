"""Scores of each label where pictures have any number of them, and labels that occur together."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from automl.dataset import label_sets
from automl.evaluation.decisions import THRESHOLD
from automl.figures import charts, co_occurrence_chart, wording
from automl.texts import _, mark
from automl.ui import cached_evaluation, figure_table, table_selection
from automl.ui.answers import classes_view, label_errors_view
from automl.ui.cached_evaluation import Answers

_COUNTS = {
    "right": (
        mark("Right"),
        mark("Pictures that have the label and are predicted to have it."),
    ),
    "missed": (
        mark("Missed"),
        mark("Pictures that have the label and are predicted not to have it."),
    ),
    "false": (
        mark("False"),
        mark("Pictures that do not have the label and are predicted to have it."),
    ),
    "rightly absent": (
        mark("Rightly absent"),
        mark("Pictures that do not have the label and are predicted not to have it."),
    ),
}
_MAX_LABELS, _MAX_PAIRS = 25, 1_000


def show(trial_answers: Answers, *, key: str) -> None:
    """Draw counts and metrics of each label, the pictures of the chosen one, and co-occurrence.

    Args:
        trial_answers: the answers.
        key: unique name of the table on its page.
    """
    table = _table(trial_answers)
    st.caption(
        _(
            "Counts and metrics are those of predictions from a probability of 0.5 on. The "
            "label with the most missed and false predictions comes first. Select a label to "
            "see its pictures."
        )
    )
    number = st.column_config.NumberColumn
    state: Any = st.dataframe(
        table,
        key=f"labels of {key}",
        hide_index=True,
        column_config={
            **{
                name: number(_(title), format="%.3f") for name, title in classes_view.TITLES.items()
            },
            "pictures": number(_("Pictures"), format="localized"),
            "label": st.column_config.TextColumn(_("Label")),
            **{name: number(_(title), help=_(text)) for name, (title, text) in _COUNTS.items()},
            "threshold": number(
                _("Threshold"),
                format="%.2f",
                help=_(
                    "Probability from which predictions have the highest F1 on these "
                    "pictures; the exported model predicts from it unless others were "
                    "chosen. A label with fewer than 10 pictures takes that of all labels."
                ),
            ),
        },
        on_select="rerun",
        selection_mode="single-row",
        placeholder=wording.NOTHING,
        alt=_("Metrics of each label"),
    )
    figure_table.download(table, "labels", key=key)
    if (row := table_selection.row(state, len(table))) is not None:
        label = str(table["label"].iloc[row])
        label_errors_view.of_labels(trial_answers, [label], key=f"selected in {key}")
    fold = st.expander(
        _("Labels that occur together"), key=f"co-occurrence of {key}", on_change="rerun"
    )
    if fold.open:
        with fold:
            _together(trial_answers, key)


def _table(trial_answers: Answers) -> pd.DataFrame:
    report = cached_evaluation.label_report(trial_answers).rename(columns={"class": "label"})
    errors = (report["missed"] + report["false"]).to_numpy()
    ordered = report.iloc[np.argsort(-errors, kind="stable")]
    # thresholds that are chosen on the test pictures would be judged by the same pictures
    return ordered.drop(columns="threshold") if trial_answers.are_test_answers else ordered


def _together(trial_answers: Answers, key: str) -> None:
    """Draw how often two labels occur together, and how often the model says so."""
    predictions, names = trial_answers.predictions, trial_answers.class_names
    true = label_sets.co_occurrence(predictions.labels)
    predicted = label_sets.co_occurrence(predictions.probabilities >= THRESHOLD)
    frequent = label_sets.most_frequent(true, _MAX_LABELS)
    shown = [names[index] for index in frequent]
    for column, title, counts in zip(
        st.columns(2), (_("In the labels"), _("In the answers")), (true, predicted), strict=True
    ):
        figure = co_occurrence_chart.figure_of(counts[np.ix_(frequent, frequent)], shown)
        column.markdown(f"**{title}**")
        column.plotly_chart(figure, key=f"{title} of {key}", config=charts.QUIET)
    if len(frequent) < len(names):
        st.caption(
            _("The {shown} most frequent of {count} labels.").format(
                shown=_MAX_LABELS, count=wording.integer(len(names))
            )
        )
    pairs = _pairs(true, predicted, names)
    if pairs.empty:
        return
    st.caption(_("The pairs that differ most come first. Select a pair to see its pictures."))
    number = st.column_config.NumberColumn
    state: Any = st.dataframe(
        pairs.head(_MAX_PAIRS),
        key=f"pairs of {key}",
        hide_index=True,
        height=min(len(pairs), 6) * 35 + 38,
        column_config={
            "label": st.column_config.TextColumn(_("Label")),
            "other label": st.column_config.TextColumn(_("Other label")),
            "pictures": number(_("In the labels"), format="localized"),
            "answers": number(_("In the answers"), format="localized"),
        },
        on_select="rerun",
        selection_mode="single-row",
        alt=_("Labels that occur together"),
    )
    figure_table.download(pairs, "co-occurrence", key=key)
    if (row := table_selection.row(state, min(len(pairs), _MAX_PAIRS))) is not None:
        pair = pairs[["label", "other label"]].iloc[row].tolist()
        label_errors_view.of_labels(trial_answers, pair, key=f"pair in {key}")


def _pairs(
    true: NDArray[np.int64], predicted: NDArray[np.int64], names: Sequence[str]
) -> pd.DataFrame:
    """Pairs of labels that are together in the labels or the answers, by counts (K, K) of these;
    those that differ most first."""
    first, second = np.nonzero(np.triu(true + predicted, k=1))
    difference = np.abs(predicted - true)[first, second]
    order = np.argsort(-difference, kind="stable")
    first, second = first[order], second[order]
    array = np.array(names, object)
    return pd.DataFrame(
        {
            "label": array[first],
            "other label": array[second],
            "pictures": true[first, second],
            "answers": predicted[first, second],
        }
    )
