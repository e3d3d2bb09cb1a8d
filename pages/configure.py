"""Configure page: the form of a job, the job beside it, and the button that starts it."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import streamlit as st

from automl.errors import UserError
from automl.experiments import experiment_id, launcher
from automl.figures import wording
from automl.jobs.data_source import DataSource
from automl.jobs.job_errors import JobError
from automl.texts import _
from automl.ui import cached, data_source, frame, job_text, launch, links, schema_fields, selection
from automl.ui.configure import (
    estimate_view,
    field_faults,
    job_form,
    job_panel,
    machine_fields,
    unstarted_view,
)
from automl.ui.dataset import data_choice, recorded_view


def fault_of_name(name: str, taken: Collection[str], free: str) -> str:
    """A sentence if no new experiment can have the name; the id that is made of it decides."""
    if not name:
        return _("The name is missing. {suggested} is free.").format(suggested=free)
    try:
        is_taken = experiment_id.from_name(name) in taken
    except UserError as error:
        return wording.stored(str(error))
    if is_taken:
        return _("The name is taken. {suggested} is free.").format(suggested=free)
    return ""


def suggested_name(data: DataSource, free: str) -> str:
    """The name that is offered: a free one, until it is changed in the field, which keeps it then.

    Args:
        data: location of the pictures.
        free: a name that no experiment has; another one as soon as somebody starts one with it.
    """
    first = f"name at first for {data.path} {launch.number()}"
    suggested: str = st.session_state.get(first, free)
    if st.session_state.get(key_of_name(suggested), suggested) == suggested:
        suggested = free
    st.session_state[first] = suggested
    return suggested


def key_of_name(suggested: str) -> str:
    """Key of the field in which a name is offered."""
    return f"name {suggested} {launch.number()}"


begun = frame.begin_first_steps(frame.SET_UP)
if isinstance(begun, Path):
    recorded_view.job(begun)
    st.stop()
launch.follow()
job_panel.copy_from_link()
data = data_choice.require(_("Here you set up an experiment."))
try:
    described = data_choice.job(data)
    data_choice.seal_by_default(described)
    inspection = cached.inspection(described)
except (UserError, OSError) as error:
    data_choice.note_reading(is_refused=True)
    st.error(wording.plain(wording.stored(data_source.named(str(error)))))
    links.page_link(
        "pages/dataset.py", label=_("Choose other pictures"), icon=":material/arrow_back:"
    )
    st.stop()
data_choice.note_reading(is_refused=False)
launcher.warm_up()
begun.caption(
    wording.plain(
        _("{pictures} in {path}").format(
            pictures=wording.count(inspection.report.num_images, "picture"),
            path=data_source.named(str(data.path)),
        )
    )
)

field_faults.begin()
left, right = st.columns([3, 2], gap="medium")
names = selection.experiment_names()
with left:
    free = data_source.free_name(data, set(names))
    suggested = suggested_name(data, free)
    typed = st.text_input(
        _("Name of the experiment"),
        suggested,
        key=key_of_name(suggested),
        **schema_fields.KEPT,
    )
    name = typed.strip()
    if on_name := fault_of_name(name, names, free):
        st.error(wording.plain(on_name))
    draft = job_form.show(data, inspection.median_side, mirror=not data_source.is_digits(data))
    draft = replace(draft, about_data=data_choice.about())
problems = [finding.said() for finding in inspection.report.blocking]
job, lacking = None, []
try:
    job = draft.job()
except JobError as error:
    problems += field_faults.show(error.problems)
else:
    lacking = machine_fields.problems(job)
    problems += field_faults.show(lacking)
with right:
    is_asked = st.button(
        _("Start"),
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=bool(problems or on_name),
        help=wording.plain(" ".join(filter(None, [on_name, *problems]))) or None,
        on_click=launch.click,
        args=(job, name),
        key=f"start {suggested} {launch.number()}",
    )
    if is_asked and job is not None and not (problems or on_name):
        estimate_view.end()  # its cores are needed for something else
        unstarted_view.forget(job)
        launch.start(job, name)
    if refusal := launch.problem():
        problems.append(refusal)
    for problem in problems:
        st.error(wording.plain(problem))
    if job is not None:
        unstarted_view.show(job)
        if not lacking:
            job_panel.expectations(job, inspection)
        job_text.show(job, name)
    job_panel.take_over()
