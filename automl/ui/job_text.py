"""Show a job as the file that `automl run` takes."""

import streamlit as st

from automl.jobs.job import Job
from automl.texts import _
from automl.ui import data_source


def show(job: Job, name: str) -> None:
    st.caption(_("The same job as a file: `automl run` takes it."))
    st.code(job.to_yaml(), language="yaml", wrap_lines=True)
    st.download_button(
        _("Download the job"),
        job.to_yaml(),
        file_name=f"{data_source.slug(name)}.yml",
        mime="application/yaml",
        icon=":material/download:",
        on_click="ignore",
    )
