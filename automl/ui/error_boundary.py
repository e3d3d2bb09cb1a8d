"""Show an error that no page has handled: its cause, the next step, and the traceback.

`local.py` and `team.py` give `show` to Streamlit, which calls it for every exception that leaves a
page, a fragment, a dialog or a callback. The message appears where the exception was raised.
"""

import logging
import traceback

import streamlit as st

from automl.access.permissions import Action
from automl.errors import ExperimentError, UserError, is_full_disk
from automl.figures import wording
from automl.host import home
from automl.texts import _, mark
from automl.ui import selection, sign_in

UNEXPECTED = mark("This part of the page cannot be shown")
"""Start of the message about an error that the user did not cause."""

_log = logging.getLogger(__name__)


def show(error: Exception) -> bool:
    """Draw the error; returns True, which tells Streamlit to draw nothing itself."""
    if isinstance(error, UserError | ExperimentError):
        st.error(wording.of_error(error))
        return True
    if isinstance(error, OSError) and is_full_disk(error):
        place = wording.plain(str(error.filename or home.home_dir()))
        said = _("The disk of {place} is full. Make room there, then try again.")
        st.error(said.format(place=place))
        return True
    name = st.query_params.get("experiment")
    if name and name not in selection.experiment_names():  # deleted while this window shows it
        selection.say_missing(name)
        return True
    _log.error("A page raised an exception", exc_info=error)
    st.error(f"{_(UNEXPECTED)}: {wording.plain(_cause(error))}\n\n{_next_step(error)}")
    if _may_see_details():
        with st.expander(_("Details")):
            st.code("".join(traceback.format_exception(error)), language=None, wrap_lines=True)
    return True


def _cause(error: Exception) -> str:
    """Type of the error and the first line of its message."""
    first = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _next_step(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return _(
            "A file is missing. Reload the page. If this message stays, choose another experiment."
        )
    if isinstance(error, PermissionError):
        return _("Allow the account that runs this app to read that file, then reload the page.")
    return _(
        "Reload the page. If it happens again, this is a bug in the program: report it "
        "with the details. Nothing was lost; running experiments continue."
    )


def _may_see_details() -> bool:
    """True if the visitor has signed in: a traceback contains paths of the server."""
    try:
        return sign_in.may(Action.LOOK)
    except Exception:  # noqa: BLE001 (the sign-in itself may be what failed)
        return False
