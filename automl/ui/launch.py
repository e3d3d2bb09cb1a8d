"""Start an experiment from a page, once, even if the button is clicked twice.

A button starts it where it is drawn, not by a callback: a field that one leaves by the click
changes in the same moment, and a callback would have the value before. The second half of a double
click interrupts the run that has started the experiment. The button of the run in its place has
another key, because of `number`, and `follow` leads to the experiment.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import streamlit as st

from automl.experiments import experiment_id, store
from automl.experiments.records import now
from automl.figures import wording
from automl.host import home
from automl.jobs.job import Job
from automl.ui import guarded_actions, links, sign_in

_STARTS, _CLICKED = "starts", "clicked start"
_PROGRESS = "pages/progress.py"

_DOUBLE_CLICK = timedelta(seconds=20)
"""Longest time between the halves of a double click, on a busy machine."""


@dataclass
class _Starts:
    """Experiments that a session has started, in an object: a run may end where it writes
    to the session."""

    number: int = 0
    to_follow: tuple[str, str] | None = None
    """Page and name of the experiment that was started last, until it is shown."""

    problem: str = ""


def number() -> int:
    """Number of experiments that this session has started; part of the key of such a button."""
    return _starts().number


def start(job: Job, name: str) -> None:
    """Start a job as an experiment, and go to it."""
    begin(lambda: guarded_actions.start(job, name))


def begin(make: Callable[[], Path], page: str = _PROGRESS) -> None:
    """Make an experiment and go to it; `problem` says why there is none.

    Args:
        make: returns the directory of the experiment; refuses by a ValueError, such as a
            UserError, or fails by an OSError.
        page: the page to show it on.
    """
    starts = _starts()
    try:
        made = make()
    except (ValueError, OSError) as error:
        starts.problem = wording.stored(str(error))
        return
    starts.number += 1
    starts.to_follow = page, made.name
    follow()


def click(job: Job | None, name: str) -> None:
    """Callback of the Start button, with the job and the name as they were drawn."""
    st.session_state[_CLICKED] = job, name


def follow() -> None:
    """Go to the experiment that was started, if a run before this one could not."""
    starts = _starts()
    clicked = st.session_state.pop(_CLICKED, None)
    if clicked and _has_just_begun(*clicked):
        starts.to_follow = _PROGRESS, experiment_id.slug(clicked[1])
    if starts.to_follow:
        (page, name), starts.to_follow = starts.to_follow, None
        links.switch_page(page, query_params={"experiment": name})


def problem() -> str:
    """Why the last click started nothing; empty if it did, or if that was said before."""
    starts = _starts()
    said, starts.problem = starts.problem, ""
    return said


def _starts() -> _Starts:
    starts: _Starts = st.session_state.setdefault(_STARTS, _Starts())
    return starts


def _has_just_begun(job: Job | None, name: str) -> bool:
    """True if the first click may have started the job in a session that was lost since."""
    path = home.experiments_dir() / experiment_id.slug(name)
    if not store.is_experiment(path):
        return False
    record = store.load_experiment(path)
    is_own = record.owner == sign_in.person().name and store.load_job(path) == job
    return is_own and now() - record.created_at < _DOUBLE_CLICK
