"""Settings page: limits of the queue, the machine, its storage, and people."""

import streamlit as st

from automl.texts import _
from automl.ui import frame, language, sign_in, tabs
from automl.ui.settings import limits_form, machine_view, people_view, storage_view

with frame.begin(_("Settings"), "pages/settings.py"):
    st.space("stretch")
    language.choice()


def limits_and_machine() -> None:
    limits_form.show()
    machine_view.show()


shown = {_("Limits and machine"): limits_and_machine, _("Storage"): storage_view.show}
if sign_in.is_configured():
    shown[_("People")] = people_view.show
tabs.show(shown)
