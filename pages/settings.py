"""Settings page: limits of the queue, the machine, its storage, and people."""

import streamlit as st

from automl.ui import page_header, sign_in
from automl.ui.settings import limits_form, machine_view, people_view, storage_view

page_header.begin("Settings")


def limits_and_machine() -> None:
    limits_form.show()
    machine_view.show()


shown = {"Limits and machine": limits_and_machine, "Storage": storage_view.show}
if sign_in.is_configured():
    shown["People"] = people_view.show
tabs = st.tabs(list(shown), key="settings tab", on_change="rerun")  # storage is slow to measure
page_header.fill(tabs, *shown.values())
