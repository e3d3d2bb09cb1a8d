"""Show an error that no page has handled: its cause, the next step, and the traceback in a fold.

`local.py` and `team.py` give `show` to Streamlit, which calls it for every exception that leaves a
page, a fragment, a dialog or a callback. What is drawn then stands where the exception was raised.
"""

import logging
import traceback

import streamlit as st

from automl.access.permissions import Action
from automl.errors import ExperimentError, UserError
from automl.figures import wording
from automl.ui import sign_in

UNEXPECTED = "This part of the page cannot be shown"
"""Begins the message about an error that is not the user's."""

_log = logging.getLogger(__name__)


def show(error: Exception) -> bool:
    """Draw the error; returns True, which tells Streamlit to draw nothing itself."""
    if isinstance(error, UserError | ExperimentError):
        st.error(wording.plain(str(error)))
        return True
    _log.error("A page raised an exception", exc_info=error)
    st.error(f"{UNEXPECTED}: {wording.plain(_cause(error))}\n\n{_next_step(error)}")
    if _may_see_details():
        with st.expander("Details"):
            st.code("".join(traceback.format_exception(error)), language=None, wrap_lines=True)
    return True


def _cause(error: Exception) -> str:
    """One line: the type, and the first line of the message."""
    first = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _next_step(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "A file is missing. Reload the page; if it stays away, choose another experiment."
    if isinstance(error, PermissionError):
        return "Let the user who runs this app read that file, then reload the page."
    return (
        "Reload the page. If it happens again, this is a fault of the program: report it with the "
        "details. Nothing was lost; running experiments continue."
    )


def _may_see_details() -> bool:
    """A traceback holds paths of the server, so visitors who have not signed in get none."""
    try:
        return sign_in.may(Action.LOOK)
    except Exception:  # noqa: BLE001 (the sign-in itself may be what failed)
        return False
