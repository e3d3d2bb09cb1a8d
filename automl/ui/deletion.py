"""Button that deletes an experiment, for users who may."""

from pathlib import Path

import streamlit as st

from automl.access.permissions import Action
from automl.experiments.records import ExperimentState
from automl.figures import wording
from automl.ui import guarded_actions, selection


def button(experiment_dir: Path, state: ExperimentState) -> None:
    """Draw the button, which asks for confirmation; draw nothing while the experiment runs."""
    if not state.is_finished or not guarded_actions.may(Action.DELETE, experiment_dir):
        return
    with st.popover("Delete", icon=":material/delete:", key="delete"):
        name = wording.plain(experiment_dir.name)
        st.markdown(
            f"Delete {name} with its models? This cannot be undone. Your pictures are kept."
        )
        if st.button("Delete it", type="primary", key="delete now"):
            try:
                guarded_actions.delete(experiment_dir)
            except (ValueError, OSError) as error:
                st.error(wording.plain(str(error)))
            else:
                selection.remember("experiment", None)
                st.switch_page("pages/experiments.py")
