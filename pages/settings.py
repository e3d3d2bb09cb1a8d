"""Settings page: limits of the queue, the machine, its storage, and people."""

from automl.ui import frame, sign_in, tabs
from automl.ui.settings import limits_form, machine_view, people_view, storage_view

frame.begin("Settings", "pages/settings.py")


def limits_and_machine() -> None:
    limits_form.show()
    machine_view.show()


shown = {"Limits and machine": limits_and_machine, "Storage": storage_view.show}
if sign_in.is_configured():
    shown["People"] = people_view.show
tabs.show(shown)
