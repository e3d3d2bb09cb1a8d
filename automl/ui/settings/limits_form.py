"""How many experiments may run and wait: shown to all, changed by those who may."""

from typing import Any

import streamlit as st

from automl.access.permissions import Action
from automl.experiments import experiment_queue, limits
from automl.experiments.limits import QueueLimits
from automl.figures import wording
from automl.ui import guarded_actions, schema_fields, sign_in


def show() -> None:
    st.subheader("Limits of the queue")
    everybody = experiment_queue.tickets()
    num_running = sum(ticket.started is not None for ticket in everybody)
    num_waiting = len(everybody) - num_running
    st.caption(
        f"{wording.count(num_running, 'experiment')} running now, {num_waiting} waiting. "
        "The limits hold at once, also for those that wait; what runs goes on."
    )
    place = st.empty()
    try:
        now = limits.load()
    except (ValueError, OSError) as error:
        place.error(
            f"{wording.plain(str(error))} No experiment starts until an admin saves new limits "
            "here, or mends the file."
        )
        now = QueueLimits()
    if not sign_in.may(Action.SET_LIMITS):
        _read_only(now)
    elif (wanted := _asked(now)) is not None:
        try:
            guarded_actions.set_limits(wanted)
        except (ValueError, OSError) as error:
            place.error(wording.plain(str(error)))
        else:
            st.toast("The limits are saved.", icon=":material/check:")
            st.rerun()


def _asked(now: QueueLimits) -> QueueLimits | None:
    """What somebody has just asked for."""
    given: dict[str, Any] = {}
    with st.form("limits", border=False):
        fields = QueueLimits.model_fields.items()
        *columns, last = st.columns(len(fields) + 1, vertical_alignment="bottom")
        for column, (name, field) in zip(columns, fields, strict=True):
            value = getattr(now, name)
            key = f"{name} instead of {value}"  # a new field once it has been changed
            st.session_state.setdefault(key, value)  # a default could not be emptied
            given[name] = column.number_input(
                schema_fields.title(name),
                min_value=schema_fields.bound(field, "ge", int),
                value=None,
                step=1,
                placeholder="no limit",
                help=field.description,
                key=key,
            )
        asked = last.form_submit_button("Save limits", type="primary", icon=":material/save:")
    return QueueLimits.model_validate(given) if asked else None


def _read_only(now: QueueLimits) -> None:
    words = now.in_words()
    *columns, last = st.columns(len(words) + 1, vertical_alignment="center")
    for column, (name, text) in zip(columns, words.items(), strict=True):
        help_text = QueueLimits.model_fields[name].description
        column.metric(schema_fields.title(name), text, help=help_text)
    last.caption("Only admins change them.")
