"""Limits of the queue: everybody sees them, admins change them."""

from typing import Any

import streamlit as st

from automl.access.permissions import Action
from automl.experiments import experiment_queue, limits
from automl.experiments.limits import QueueLimits
from automl.figures import wording
from automl.texts import _
from automl.ui import guarded_actions, schema_fields, sign_in


def show() -> None:
    st.subheader(_("Limits of the queue"))
    tickets = experiment_queue.tickets()
    num_running = sum(ticket.started is not None for ticket in tickets)
    num_waiting = len(tickets) - num_running
    st.caption(
        _(
            "{experiments} running now, {waiting} waiting. New limits apply at once, also to "
            "waiting experiments. Running experiments continue."
        ).format(experiments=wording.count(num_running, "experiment"), waiting=num_waiting)
    )
    message = st.empty()
    try:
        current = limits.load()
    except (ValueError, OSError) as error:
        message.error(
            _(
                "{error} No experiment starts until an admin saves new limits here, or "
                "repairs the file."
            ).format(error=wording.of_error(error))
        )
        current = QueueLimits()
    if not sign_in.may(Action.SET_LIMITS):
        _read_only(current)
    elif (new_limits := _submitted(current)) is not None:
        try:
            guarded_actions.set_limits(new_limits)
        except (ValueError, OSError) as error:
            message.error(wording.of_error(error))
        else:
            st.toast(_("The limits are saved."), icon=":material/check:")
            st.rerun()


def _submitted(current: QueueLimits) -> QueueLimits | None:
    """Draw the form; returns the limits if they were submitted just now, else None."""
    values: dict[str, Any] = {}
    with st.form("limits", border=False):
        fields = QueueLimits.model_fields.items()
        *columns, last = st.columns(len(fields) + 1, vertical_alignment="bottom")
        for column, (name, field) in zip(columns, fields, strict=True):
            value = getattr(current, name)
            key = f"{name} instead of {value}"  # a new field after every change of the limit
            st.session_state.setdefault(key, value)  # as a default it could not be emptied
            values[name] = column.number_input(
                schema_fields.title(name),
                min_value=schema_fields.bound(field, "ge", int),
                value=None,
                step=1,
                placeholder=_("no limit"),
                help=schema_fields.help_text(QueueLimits, name),
                key=key,
            )
        is_submitted = last.form_submit_button(
            _("Save limits"), type="primary", icon=":material/save:"
        )
    return QueueLimits.model_validate(values) if is_submitted else None


def _read_only(current: QueueLimits) -> None:
    words = current.in_words()
    *columns, last = st.columns(len(words) + 1, vertical_alignment="center")
    for column, (name, text) in zip(columns, words.items(), strict=True):
        help_text = schema_fields.help_text(QueueLimits, name)
        column.metric(schema_fields.title(name), text, help=help_text)
    last.caption(_("Only admins can change the limits."))
