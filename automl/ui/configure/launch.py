"""Start a job as an experiment, once, even if the button is clicked twice."""

from datetime import timedelta

import streamlit as st

from automl.errors import UserError
from automl.experiments import store
from automl.experiments.records import now
from automl.figures import wording
from automl.host import home
from automl.jobs.job import Job
from automl.ui import guarded_actions, links, selection, sign_in
from automl.ui.configure import estimate_view

_LAUNCHED, _STARTED, _PROBLEM = "launched", "started here", "launch problem"

_DOUBLE_CLICK = timedelta(seconds=20)
"""Longest time between the halves of a double click, on a busy machine."""


def start(job: Job | None, name: str) -> None:
    """Callback of the Start button.

    Args:
        job: the job to run; None if the form has faults, when the button is greyed.
        name: name of the experiment.
    """
    if job is None:
        return
    started: dict[str, str] = st.session_state.setdefault(_STARTED, {})
    if started.get(name) in selection.experiment_names():
        # the second click of a double click, or the first one in a run that was interrupted
        st.session_state[_LAUNCHED] = started[name]
        return
    try:
        experiment_dir = guarded_actions.start(job, name)
    except UserError as error:
        if _has_just_begun(name):
            st.session_state[_LAUNCHED] = name
            return
        st.session_state[_PROBLEM] = wording.stored(str(error))
        return
    # in this order: a run may be interrupted where it writes to the session, and then it runs this
    # callback again
    started[name] = experiment_dir.name
    st.session_state[_LAUNCHED] = experiment_dir.name
    estimate_view.end()


def _has_just_begun(name: str) -> bool:
    """True if the first click may have started the experiment in a session that was lost since."""
    path = home.experiments_dir() / name
    if not store.is_experiment(path):
        return False
    record = store.load_experiment(path)
    is_own = record.owner == sign_in.person().name
    return is_own and now() - record.created_at < _DOUBLE_CLICK


def follow() -> None:
    """Go to the experiment that the last click started."""
    if name := st.session_state.pop(_LAUNCHED, None):
        links.switch_page("pages/progress.py", query_params={"experiment": name})


def problem() -> str | None:
    """Return why the last click started nothing; None if it started an experiment."""
    refusal: str | None = st.session_state.pop(_PROBLEM, None)
    return refusal
