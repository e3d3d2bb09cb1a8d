"""The job of the form, kept beside the session until it is started, and offered to the next one."""

import streamlit as st

from automl.figures import wording
from automl.jobs import unstarted_jobs
from automl.jobs.job import Job
from automl.texts import _
from automl.ui import sign_in
from automl.ui.configure import loaded_job


def show(job: Job) -> None:
    """Keep the job if the form was changed or filled in; else offer what another session left."""
    data, by = job.training_data.path, sign_in.person().name
    found = unstarted_jobs.of(data, by)
    kept = found[0] if found else None
    first = st.session_state.setdefault(_key(job), None if loaded_job.is_any() else job)
    if job != first:
        if job != kept:
            unstarted_jobs.keep(data, by, job)
        return
    if found is None or job == kept:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        sentence = _("On {when} you set up another job for these pictures and did not start it.")
        st.caption(wording.plain(sentence.format(when=wording.local_time(found[1]))))
        st.button(
            _("Go on with it"), icon=":material/restore:", on_click=loaded_job.load, args=(kept,)
        )
        st.button(
            _("Forget it"),
            icon=":material/delete:",
            on_click=unstarted_jobs.forget,
            args=(data, by),
        )


def forget(job: Job) -> None:
    """Keep the job no more, because it is being started."""
    unstarted_jobs.forget(job.training_data.path, sign_in.person().name)
    st.session_state[_key(job)] = job


def _key(job: Job) -> str:
    return f"job of the form at first for {job.training_data.path}"
