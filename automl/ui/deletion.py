"""Deleting an experiment, for those who may."""

from pathlib import Path

import streamlit as st

from automl.access.permissions import Action
from automl.experiments.records import ExperimentState
from automl.figures import wording
from automl.ui import guarded_actions, selection


def button(experiment_dir: Path, state: ExperimentState) -> None:
    """Asks once; nothing is offered while the experiment runs."""
    if not state.is_finished or not guarded_actions.may(Action.DELETE, experiment_dir):
        return
    with st.popover("Delete", icon=":material/delete:", key="delete"):
        name = wording.plain(experiment_dir.name)
        st.markdown(f"Delete {name} with its models? They cannot be had back. Pictures stay.")
        if st.button("Delete it", type="primary", key="delete now"):
            try:
                guarded_actions.delete(experiment_dir)
            except (ValueError, OSError) as error:
                st.error(wording.plain(str(error)))
            else:
                selection.remember("experiment", None)
                st.switch_page("pages/experiments.py")
