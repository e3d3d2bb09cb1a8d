"""Trials as a ranked table; a click on a row opens the trial."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from automl import leaderboard
from automl.records import TrialRecord
from automl.ui import wording

_KEY, _OPEN = "trial table", "trial to open"
_NUMBER = st.column_config.NumberColumn
_TEXT = st.column_config.TextColumn


def show(trials: Sequence[TrialRecord], metric: str, experiment: str) -> None:
    if not trials:
        st.info("Trials appear here as soon as the first one starts.")
        return
    ranked = leaderboard.rank(trials, metric)
    shown: list[str] = ranked["trial_id"].tolist()

    def remember() -> None:
        # the click is about the rows as they were drawn, and a trial may have moved up since
        rows = st.session_state[_KEY].selection.rows
        if rows:
            st.session_state[_OPEN] = shown[rows[0]]

    st.dataframe(
        _columns(ranked),
        key=_KEY,
        hide_index=True,
        on_select=remember,
        selection_mode="single-row",
        column_config=_config(metric),
        placeholder=wording.NOTHING,
        alt="Trials, best first",
    )
    st.caption("Select a row to open the trial.")
    if trial_id := st.session_state.pop(_OPEN, None):
        parameters = {"experiment": experiment, "trial": trial_id}
        st.switch_page("pages/trial.py", query_params=parameters)


def _columns(ranked: pd.DataFrame) -> pd.DataFrame:
    half = (ranked["score_high"] - ranked["score_low"]) / 2
    return pd.DataFrame(
        {
            "rank": ranked["rank"],
            "number": ranked["number"],
            "model": ranked["model_name"],
            "score": ranked["score"],
            "half": half.map(lambda width: "" if pd.isna(width) else f"± {width:.3f}"),
            "state": ranked["state"],
            "epochs": ranked["epochs"],
            "time": ranked["seconds"].map(wording.duration),
            "learning_rate": ranked["learning_rate"],
            "reason": ranked["reason"],
        }
    )


def _config(metric: str) -> dict[str, Any]:
    return {
        "rank": _NUMBER("Rank", width=60),
        "number": _NUMBER("Trial", format="#%d", width=60),
        "model": _TEXT("Model"),
        "score": _NUMBER(wording.metric(metric).capitalize(), format="%.3f"),
        "half": _TEXT("95 %", alignment="right", help="Half the width of the 95 % interval."),
        "state": _TEXT("State"),
        "epochs": _NUMBER("Epochs", width=70),
        "time": _TEXT("Time", alignment="right"),
        "learning_rate": _NUMBER("Learning rate", format="%.2g"),
        "reason": _TEXT("Why it ended"),
    }
