"""Taking an experiment to other people: a report to read, a file to open; and opening theirs."""

import tempfile
from pathlib import Path

import streamlit as st

from automl import home, html_report, sharing
from automl.ui import selection, source, wording


def buttons(experiment_dir: Path) -> None:
    """Both are made when they are asked for."""
    st.download_button(
        "Report",
        lambda: html_report.html(experiment_dir),
        file_name=f"{experiment_dir.name}.html",
        mime="text/html",
        icon=":material/description:",
        on_click="ignore",
        help="One HTML file that opens offline in any browser.",
    )
    st.download_button(
        "Share",
        lambda: _packed(experiment_dir),
        file_name=f"{experiment_dir.name}.zip",
        mime="application/zip",
        icon=":material/ios_share:",
        on_click="ignore",
        help="The experiment as one file, without your pictures but for thumbnails of those that "
        "were scored. Others open it on their page of experiments.",
    )


def _packed(experiment_dir: Path) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return sharing.pack(experiment_dir, Path(folder) / "shared.zip").read_bytes()


def open_shared() -> None:
    """A fold that takes a file somebody has shared."""
    with st.popover("Open a shared experiment", icon=":material/file_open:"):
        file = st.file_uploader("Shared experiment (zip)", type=["zip"], key="shared experiment")
        if file and st.button("Open it", type="primary", key="open shared"):
            try:
                saved = source.save_upload(file, file.name)
                directory = sharing.unpack(saved.path, home.experiments_dir())
            except (ValueError, OSError) as error:
                st.error(wording.plain(str(error)))
            else:
                selection.show_experiment(directory.name)
                parameters = {"experiment": directory.name}
                st.switch_page("pages/leaderboard.py", query_params=parameters)
