"""Pictures that a server has kept of its requests: their drift, and the way to labelling."""

from pathlib import Path

import streamlit as st

from automl.access.permissions import Action
from automl.errors import UserError
from automl.figures import drift_text, wording
from automl.host import home
from automl.serving import kept
from automl.serving.keeping import PICTURES
from automl.texts import _
from automl.ui import cached, data_source, links, sign_in
from automl.ui.dataset import data_choice, labelling_view


def show(experiment_dir: Path) -> None:
    """Draw the choice of a folder of `automl serve --keep`, and what is in it, folded."""
    fold = st.expander(_("In service"), key="in service", on_change="rerun")
    if not fold.open:
        return
    with fold:
        st.caption(_("A server keeps pictures to label, and its answers, if it is asked to:"))
        command = f"automl serve {home.reference(experiment_dir)} --keep FOLDER"
        st.code(command, language="shell", wrap_lines=True)
        text = st.text_input(_("Folder of kept answers"), key="folder of kept answers").strip()
        if not text:
            return
        try:
            folder = data_source.from_path(text).path
        except UserError as error:
            st.error(wording.of_error(error))
            return
        _drift(experiment_dir, folder)
        _to_labelling(experiment_dir, folder / PICTURES)


def _drift(experiment_dir: Path, folder: Path) -> None:
    """Say whether the answers have changed, or why that is not known."""
    try:
        found = kept.drift_of(folder, experiment_dir)
    except UserError as error:
        st.error(wording.of_error(error))
        return
    if found is None:
        st.info(_(drift_text.TOO_FEW))
        return
    draw = st.warning if found.is_change else st.success
    draw(wording.plain(drift_text.headline(found)))
    for sign in found.signs:
        st.caption(wording.plain(drift_text.sign(sign)))


def _to_labelling(experiment_dir: Path, pictures: Path) -> None:
    """The button that ranks the kept pictures, with the data of the experiment as labelled."""
    if not sign_in.may(Action.LABEL) or not pictures.is_dir():
        return
    if st.button(_("Label the kept pictures"), icon=":material/label:"):
        data_choice.take(cached.job(experiment_dir))
        address = {**data_choice.link(), labelling_view.PLACE: str(pictures)}
        links.switch_page("pages/label.py", query_params=address)
