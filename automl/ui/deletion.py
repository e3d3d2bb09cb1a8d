"""Deleting an experiment, for those who may."""

from pathlib import Path

import streamlit as st

from automl.experiments.records import ExperimentState
from automl.people.access import Action
from automl.ui import acts, selection, wording


def button(experiment_dir: Path, state: ExperimentState) -> None:
    """Asks once; nothing is offered while the experiment runs."""
    if not state.is_finished or not acts.may(Action.DELETE, experiment_dir):
        return
    with st.popover("Delete", icon=":material/delete:", key="delete"):
        name = wording.plain(experiment_dir.name)
        st.markdown(f"Delete {name} with its models? They cannot be had back. Pictures stay.")
        if st.button("Delete it", type="primary", key="delete now"):
            try:
                acts.delete(experiment_dir)
            except (ValueError, OSError) as error:
                st.error(wording.plain(str(error)))
            else:
                selection.remember("experiment", None)
                st.switch_page("pages/experiments.py")
