"""Buttons that download a report or a shareable copy of an experiment, and open a shared one."""

from pathlib import Path

import streamlit as st

from automl.access.permissions import Action
from automl.figures import wording
from automl.texts import _
from automl.ui import guarded_actions, launch, sign_in


def buttons(experiment_dir: Path) -> None:
    """Draw the download buttons; a file is made only when its button is clicked."""
    if not sign_in.may(Action.EXPORT):
        return
    st.download_button(
        _("Report"),
        lambda: guarded_actions.report(experiment_dir),
        file_name=f"{experiment_dir.name}.html",
        mime="text/html",
        icon=":material/description:",
        on_click="ignore",
        help=_("One HTML file that opens offline in any browser."),
    )
    st.download_button(
        _("Share"),
        lambda: guarded_actions.share(experiment_dir),
        file_name=f"{experiment_dir.name}.zip",
        mime="application/zip",
        icon=":material/ios_share:",
        on_click="ignore",
        help=_(
            "The experiment as one file. It contains thumbnails of the scored pictures, but "
            "not the pictures themselves. Other people open it on their Experiments page."
        ),
    )


def open_shared() -> None:
    """Draw the upload of a shared experiment."""
    if not sign_in.may(Action.IMPORT):
        return
    with st.popover(_("Open a shared experiment"), icon=":material/file_open:"):
        file = st.file_uploader(_("Shared experiment (zip)"), type=["zip"], key="shared experiment")
        key = f"open shared {launch.number()}"
        if file and st.button(_("Open it"), type="primary", key=key):
            launch.begin(
                lambda: guarded_actions.import_shared(file, file.name), "pages/leaderboard.py"
            )
        if refusal := launch.problem():
            st.error(wording.plain(refusal))
