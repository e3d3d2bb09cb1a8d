"""Experiments whose pictures have any number of labels: the scores of each label."""

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from automl.evaluation import class_report, metrics, thresholds
from automl.figures import wording
from automl.jobs.tasks import TASKS
from automl.ui import cached, figure_table
from automl.ui.cached_evaluation import Answers

_COUNTS = {
    "right": "Pictures that have the label and are predicted to have it.",
    "missed": "Pictures that have the label and are predicted not to have it.",
    "false": "Pictures that do not have the label and are predicted to have it.",
    "rightly absent": "Pictures that do not have the label and are predicted not to have it.",
}


def are_in(experiment_dir: Path) -> bool:
    """True if a picture of the experiment has any number of labels."""
    return TASKS[cached.job(experiment_dir).task].has_label_sets


def show_labels(trial_answers: Answers, *, key: str) -> None:
    """Draw the four counts and the metrics of each label, and the threshold with the highest F1.

    Args:
        trial_answers: the answers.
        key: unique name of the table on its page.
    """
    predictions = trial_answers.predictions
    at_half = metrics.answers_for(predictions.probabilities, predictions.labels)
    report = class_report.class_report(predictions, trial_answers.class_names)
    missed, false = at_half.support - at_half.hits, at_half.guesses - at_half.hits
    counts = (at_half.hits, missed, false, len(predictions.labels) - at_half.guesses - missed)
    columns = dict(zip(_COUNTS, counts, strict=True))
    chosen = thresholds.by_label(predictions.probabilities, predictions.labels)
    table = pd.concat([report, pd.DataFrame({**columns, "threshold": chosen})], axis=1)
    table = table.loc[report.index].rename(columns={"class": "label"})
    st.caption(
        "Counts and metrics are those of predictions from a probability of 0.5 on. The label with "
        "the most missed and false predictions comes first."
    )
    errors = table["missed"] + table["false"]
    number = st.column_config.NumberColumn
    shares = {name: number(format="%.3f") for name in class_report.COLUMNS}
    st.dataframe(
        table.iloc[np.argsort(-errors.to_numpy(), kind="stable")],
        key=f"labels of {key}",
        hide_index=True,
        column_config={
            "label": st.column_config.TextColumn("Label"),
            **{name: number(help=text) for name, text in _COUNTS.items()},
            **shares,
            "threshold": number(
                format="%.2f",
                help="Probability from which predictions have the highest F1 on these pictures; "
                "the exported model predicts from it unless others were chosen. A label with fewer "
                "than 10 pictures takes that of all labels.",
            ),
        },
        placeholder=wording.NOTHING,
        alt="Metrics of each label",
    )
    figure_table.download(table, "labels", key=key)
