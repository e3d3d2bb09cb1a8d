"""The job beside the form: load a file into the form, say what to expect of it."""

from collections.abc import Callable

import streamlit as st

from automl.dataset.manifest import Manifest
from automl.errors import UserError
from automl.experiments import store
from automl.figures import wording
from automl.host import home
from automl.jobs import job_notes
from automl.jobs.job import Job
from automl.jobs.job_errors import JobError
from automl.texts import _
from automl.ui import selection
from automl.ui.configure import estimate_view, loaded_job, plan_panel

_PROBLEMS = "problems of the file"
_MAX_MINUTES = 60 * 24 * 60  # as a job allows


def take_over() -> None:
    """Draw the ways to fill in the form: a pasted or uploaded file, or an earlier experiment."""
    with st.expander(_("Fill in from a file or an earlier experiment")):
        st.text_area(
            _("Paste a job"),
            key="pasted job",
            height=160,
            placeholder="type: automl\ntask: image_classification\n…",
            help=_("A job file of this app or of Azure, whose data is on this machine."),
        )
        st.button(_("Fill in the form"), on_click=_take_pasted, icon=":material/edit_note:")
        st.file_uploader(
            _("Or upload one"), type=["yml", "yaml"], key="uploaded job", on_change=_take_uploaded
        )
        if names := selection.experiment_names():
            st.selectbox(
                _("Or start from an earlier experiment"),
                names,
                index=None,
                key="copied experiment",
                on_change=_take_copied,
            )
    for problem in st.session_state.get(_PROBLEMS, []):
        st.error(wording.plain(problem))


def copy_from_link() -> None:
    """Fill in the form from the experiment, and with the minutes, in the address of the page."""
    minutes = st.query_params.pop("minutes", "")
    if name := st.query_params.pop("copy", None):
        _copy(name)
        if minutes.isascii() and minutes.isdigit() and 0 < int(minutes) <= _MAX_MINUTES:
            st.session_state["minutes"] = int(minutes)


def _copy(name: str) -> None:
    if name not in selection.experiment_names():
        st.session_state[_PROBLEMS] = [
            _("There is no experiment called {name} here.").format(name=name)
        ]
        return
    _take(lambda: store.load_job(home.experiments_dir() / name))


def _take_pasted() -> None:
    text = st.session_state["pasted job"]
    _take(lambda: Job.from_yaml(text))


def _take_uploaded() -> None:
    upload = st.session_state["uploaded job"]
    if upload is not None:
        _take(lambda: Job.from_yaml(_decoded(upload.getvalue())))


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(_("The file is not text in UTF-8. Save it as UTF-8.")) from None


def _take_copied() -> None:
    if name := st.session_state["copied experiment"]:
        _copy(name)


def _take(read: Callable[[], Job]) -> None:
    try:
        loaded_job.load(read())
        st.session_state[_PROBLEMS] = []
    except JobError as error:
        st.session_state[_PROBLEMS] = wording.stored(str(error)).splitlines()
    except UserError as error:
        st.session_state[_PROBLEMS] = [wording.stored(str(error))]
    except OSError as error:
        st.session_state[_PROBLEMS] = [
            _("The job cannot be read: {reason}.").format(reason=error.strerror or error)
        ]


def expectations(job: Job, data: Manifest) -> None:
    """Show what will be tried, and its time and memory, measured here."""
    if job.ray_address:
        st.caption(_("The machines of the cluster are asked and measured after the start."))
    elif job.is_automode:
        plan_panel.show(job, data)
    else:
        trials = wording.count(job.limits.max_trials, "trial")
        minutes = wording.count(job.limits.timeout_minutes, "minute")
        st.markdown(
            _("Up to **{trials}**, at most **{minutes}**.").format(trials=trials, minutes=minutes)
        )
    for note in job_notes.notes(job):
        st.caption(wording.plain(wording.stored(note)))
    if not job.ray_address:
        estimate_view.show(job, data)
