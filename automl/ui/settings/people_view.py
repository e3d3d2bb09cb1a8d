"""Permissions of the roles and, for admins, the people and the audit log."""

import pandas as pd
import streamlit as st

from automl.access import audit, permissions
from automl.access.audit import Entry
from automl.access.permissions import Action, Role
from automl.figures import wording
from automl.texts import _, mark
from automl.ui import guarded_actions, sign_in

_SHOWN = 50
_REACH = {"all": mark("yes"), "own": mark("their own"), "none": mark("no")}


def show() -> None:
    roles, people = st.columns(2, gap="large")
    with roles:
        _roles()
    may_read = sign_in.may(Action.READ_AUDIT_LOG)
    with people:
        _people(may_read)
    if may_read:
        _log()


def _roles() -> None:
    st.subheader(_("What a role may do"))
    rows = [
        {
            "": wording.kind(action),
            **{role.capitalize(): _(_REACH[permissions.reach(role, action)]) for role in Role},
        }
        for action in Action
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, height="content")


def _people(may_read: bool) -> None:
    st.subheader(_("People with access"))
    if not may_read:
        st.caption(_("Only admins can see the people and the audit log."))
        return
    path = wording.plain(str(permissions.path()))
    st.caption(
        _("Listed in {path}. A change of that file applies at the next click.").format(path=path)
    )
    rows = permissions.load().people.items()
    st.dataframe(pd.DataFrame(rows, columns=[_("Address"), _("Role")]), hide_index=True)


def _log() -> None:
    st.subheader(_("Audit log"))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_("The latest {count} entries, newest first.").format(count=_SHOWN))
        st.download_button(
            _("Download all"),
            guarded_actions.audit_log,
            file_name="audit.jsonl",
            mime="application/jsonl",
            icon=":material/download:",
            on_click="ignore",
        )
    rows = [_row(entry) for entry in reversed(audit.read(_SHOWN))]
    wide = {_("Details"): st.column_config.TextColumn(width=280)}
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=wide)


def _row(entry: Entry) -> dict[str, str]:
    return {
        _("Time"): f"{entry.time.astimezone():%Y-%m-%d %H:%M:%S %Z}",
        _("Who"): entry.who,
        _("Role"): entry.role or "",
        _("From"): entry.via,
        _("What"): wording.kind(entry.action),
        _("Experiment"): entry.experiment,
        _("Outcome"): entry.outcome,
        _("Details"): ", ".join(f"{name}: {text}" for name, text in entry.details.items()),
    }
