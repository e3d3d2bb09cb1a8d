"""Trials as a ranked table; a click on a row opens the trial."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from automl.experiments import leaderboard
from automl.experiments.records import TrialRecord
from automl.figures import wording

_NUMBER = st.column_config.NumberColumn
_TEXT = st.column_config.TextColumn


def show(trials: Sequence[TrialRecord], metric: str, experiment: str) -> None:
    """Draw the trials of a running experiment, best first."""
    if not trials:
        st.info("Trials appear here as soon as the first one starts.")
        return
    table = columns(leaderboard.rank(trials, metric))
    shown = [name for name in table.columns if name != "trial_id"]
    choose(table, shown, config(metric), experiment=experiment, key="trial table")


def choose(
    table: pd.DataFrame, shown: list[str], config: dict[str, Any], *, experiment: str, key: str
) -> None:
    """Draw a table; a click on a row opens the page of its trial.

    Args:
        table: one row for each trial, with the column `trial_id`.
        shown: names of the visible columns, in this order.
        config: headings and formats of the columns (see `config`).
        experiment: name of the experiment.
        key: unique name of the table.
    """
    trial_ids: list[str] = table["trial_id"].tolist()
    to_open = f"trial of the {key} to open"

    def remember() -> None:
        # Streamlit runs this before the page is drawn again. The row number belongs to the rows
        # as they were when the user clicked; in the new table a trial may have moved up.
        rows = st.session_state[key].selection.rows
        if rows:
            st.session_state[to_open] = trial_ids[rows[0]]

    st.dataframe(
        table,
        key=key,
        hide_index=True,
        column_order=shown,
        on_select=remember,
        selection_mode="single-row",
        column_config=config,
        placeholder=wording.NOTHING,
        alt="Trials, best first",
    )
    st.caption("Select a row to open the trial.")
    if trial_id := st.session_state.pop(to_open, None):
        parameters = {"experiment": experiment, "trial": trial_id}
        st.switch_page("pages/trial.py", query_params=parameters)


def columns(ranked: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of the table, from those of `leaderboard.rank`."""
    ends = zip(*(ranked[name] for name in ("score", "score_low", "score_high")), strict=True)
    return pd.DataFrame(
        {
            "trial_id": ranked["trial_id"],
            "rank": ranked["rank"],
            "number": ranked["number"],
            "model": ranked["title"],
            "score": ranked["score"],
            "half": [wording.margin(score, low, high) for score, low, high in ends],
            "state": ranked["state"],
            "epochs": ranked["epochs"],
            "time": ranked["seconds"].map(wording.duration),
            "learning_rate": ranked["learning_rate"],
            "reason": ranked["reason"],
        }
    )


def config(metric: str) -> dict[str, Any]:
    """Return headings and number formats of the columns."""
    return {
        "rank": _NUMBER("Rank", width=60),
        "number": _NUMBER("Trial", format="#%d", width=60),
        "model": _TEXT("Model"),
        "score": _NUMBER(
            wording.metric_heading(metric), format="%.3f", help=wording.explanation(metric)
        ),
        "half": _TEXT(
            "95 %",
            alignment="right",
            help="95 % interval of the score: half its width, or both ends.",
        ),
        "state": _TEXT("State"),
        "epochs": _NUMBER("Epochs", width=70),
        "time": _TEXT("Time", alignment="right"),
        "learning_rate": _NUMBER("Learning rate", format="%.2g"),
        "reason": _TEXT("Why it ended"),
    }
