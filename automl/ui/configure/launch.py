"""From a job to a running experiment, once, however often the button is clicked."""

import streamlit as st

from automl.jobs.job import Job
from automl.ui import guarded_actions

_LAUNCHED, _PROBLEM = "launched", "launch problem"


def start(job: Job, name: str, click: str) -> None:
    """Callback of the Start button.

    Args:
        job: what to run.
        name: of the experiment.
        click: drawn anew with the page; both clicks of a double click carry the same.
    """
    if st.session_state.get("last click") == click:
        return
    try:
        experiment_dir = guarded_actions.start(job, name)
    except ValueError as error:
        st.session_state[_PROBLEM] = str(error)
        return
    st.session_state["last click"] = click
    st.session_state[_LAUNCHED] = experiment_dir.name


def follow() -> None:
    """Go to the experiment that the last click started."""
    if name := st.session_state.pop(_LAUNCHED, None):
        st.switch_page("pages/progress.py", query_params={"experiment": name})


def problem() -> str | None:
    """Why the last click started nothing."""
    refusal: str | None = st.session_state.pop(_PROBLEM, None)
    return refusal
