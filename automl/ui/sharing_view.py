"""Taking an experiment to other people: a report to read, a file to open; and opening theirs."""

from pathlib import Path

import streamlit as st

from automl.access.permissions import Action
from automl.figures import wording
from automl.ui import guarded_actions, selection, sign_in


def buttons(experiment_dir: Path) -> None:
    """Both are made when they are asked for."""
    if not sign_in.may(Action.EXPORT):
        return
    st.download_button(
        "Report",
        lambda: guarded_actions.report(experiment_dir),
        file_name=f"{experiment_dir.name}.html",
        mime="text/html",
        icon=":material/description:",
        on_click="ignore",
        help="One HTML file that opens offline in any browser.",
    )
    st.download_button(
        "Share",
        lambda: guarded_actions.share(experiment_dir),
        file_name=f"{experiment_dir.name}.zip",
        mime="application/zip",
        icon=":material/ios_share:",
        on_click="ignore",
        help="The experiment as one file, without your pictures but for thumbnails of those that "
        "were scored. Others open it on their page of experiments.",
    )


def open_shared() -> None:
    """A fold that takes a file somebody has shared."""
    if not sign_in.may(Action.IMPORT):
        return
    with st.popover("Open a shared experiment", icon=":material/file_open:"):
        file = st.file_uploader("Shared experiment (zip)", type=["zip"], key="shared experiment")
        if file and st.button("Open it", type="primary", key="open shared"):
            try:
                directory = guarded_actions.take_in(file, file.name)
            except (ValueError, OSError) as error:
                st.error(wording.plain(str(error)))
            else:
                selection.show_experiment(directory.name)
                parameters = {"experiment": directory.name}
                st.switch_page("pages/leaderboard.py", query_params=parameters)
