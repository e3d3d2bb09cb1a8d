"""Draw the versions of the chosen data: save one, and go back to one."""

import streamlit as st

from automl.access.permissions import Action
from automl.dataset.manifest import Manifest
from automl.errors import UserError
from automl.figures import version_text, wording
from automl.jobs import data_versions
from automl.jobs.data_versions import Version
from automl.jobs.job import Job
from automl.texts import _
from automl.ui import guarded_actions, sign_in
from automl.ui.dataset import data_choice

_NUM_DIGITS = 12


@st.fragment
def show(job: Job, corrected: Manifest) -> None:
    """Draw the versions in a fold.

    Args:
        job: the data and its corrections.
        corrected: the data set as corrected.
    """
    try:
        versions = data_versions.of(job.training_data.path)
    except UserError as error:
        st.error(wording.of_error(error))
        return
    current = _current(versions, job, corrected)
    with st.expander(_("Versions of the data"), icon=":material/history:"):
        st.caption(
            _(
                "Each set of corrections that is saved or trained on is a version. The files "
                "are never changed, and experiments know their version."
            )
        )
        if current is None and sign_in.may(Action.SAVE_VERSION):
            _save(job, corrected)
        for version in reversed(versions):
            _one(version, versions, is_current=version is current)


def _current(versions: list[Version], job: Job, corrected: Manifest) -> Version | None:
    shown = job.corrections, corrected.report.data_hash
    return next((one for one in versions if (one.corrections, one.data_hash) == shown), None)


def _save(job: Job, corrected: Manifest) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            _("Name"), key="name of the version", placeholder=_("numbered if left out"), width=200
        )
        if not st.button(_("Save as a version"), icon=":material/save:"):
            return
    try:
        guarded_actions.save_version(job, corrected.report.data_hash, name.strip() or None)
    except UserError as error:
        st.error(wording.of_error(error))
    else:
        st.rerun()


def _one(version: Version, versions: list[Version], *, is_current: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{wording.plain(version.name)}**", width="content")
        changed = version_text.changes(data_versions.changes_of(version, versions))
        parent = _("the first")
        if version.parent:
            is_there = version.parent in [each.name for each in versions]
            gone = _("from {parent}, which is gone; from the data as they are: {changes}")
            said = _("from {parent}: {changes}") if is_there else gone
            parent = said.format(parent=version.parent, changes=changed)
        facts = [
            parent,
            version.data_hash[:_NUM_DIGITS],
            wording.local_time(version.at),
            version.by,
        ]
        st.caption(wording.plain(" · ".join(facts)))
        if is_current:
            st.badge(_("shown"), icon=":material/check:", color="green")
        elif st.button(
            _("Go back to it"), icon=":material/undo:", key=f"go back to {version.name}"
        ):
            data_choice.correct(version.corrections)
            st.rerun()
