"""A notification of the browser when the search ends that one looks at.

The script runs in the page itself, whose address the browser asks about; it needs no service
worker, and so the page must stay open. A click is the last thing before the browser is asked, as it
demands.
"""

import json
from pathlib import Path

import streamlit as st

from automl.engine import notice
from automl.texts import _
from automl.ui import cached
from automl.ui.schema_fields import KEPT

_TO_TELL = "experiment whose end is to be told"
_ASK = "<script>window.Notification?.requestPermission()</script>"
_TELL = """<script>
if (window.Notification?.permission === "granted")
    try { new Notification(%s, {body: %s, tag: %s}) } catch { /* phones want a service worker */ }
</script>"""


def offer(experiment_dir: Path) -> None:
    """Draw the switch; the browser asks for its permission when it is turned on."""
    is_wanted = st.toggle(
        _("Notify me"),
        key=_key(experiment_dir),
        help=_(
            "A notification of the browser when the search ends; keep this page open. Settings "
            "says whether a webhook or a mail is sent, too."
        ),
        **KEPT,
    )
    if is_wanted:
        st.session_state[_TO_TELL] = experiment_dir.name
        st.html(_ASK, unsafe_allow_javascript=True)


def send(experiment_dir: Path) -> None:
    """Tell once that the search has ended, if the switch was on."""
    is_wanted = st.session_state.get(_key(experiment_dir), False)
    if st.session_state.pop(_TO_TELL, "") != experiment_dir.name or not is_wanted:
        return
    metric = cached.job(experiment_dir).primary_metric
    record, trials = cached.experiment(experiment_dir), cached.trials(experiment_dir)
    text = str(notice.content(record, trials, metric)["text"])
    texts = ("AutoML", text, experiment_dir.name)
    script = _TELL % tuple(json.dumps(each).replace("<", "\\u003c") for each in texts)
    st.html(script, unsafe_allow_javascript=True)


def _key(experiment_dir: Path) -> str:
    return f"notify about {experiment_dir.name}"
