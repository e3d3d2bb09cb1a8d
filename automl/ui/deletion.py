"""Button that deletes an experiment, for users who may."""

from pathlib import Path

import streamlit as st

from automl.access.permissions import Action
from automl.experiments.records import ExperimentState
from automl.figures import wording
from automl.ui import guarded_actions, selection


def button(experiment_dir: Path, state: ExperimentState) -> None:
    """Draw the button; draw nothing while the experiment runs."""
    if not state.is_finished or not guarded_actions.may(Action.DELETE, experiment_dir):
        return
    if st.button("Delete", icon=":material/delete:", key="delete"):
        ask([experiment_dir])


@st.dialog("Delete?")
def ask(experiment_dirs: list[Path]) -> None:
    """Ask whether to delete experiments, and delete them.

    Args:
        experiment_dirs: directories of experiments that have ended.
    """
    names = ", ".join(directory.name for directory in experiment_dirs)
    st.markdown(
        f"Delete {wording.plain(names)} with all models? This cannot be undone. "
        "Your pictures are kept."
    )
    if st.button("Delete now", type="primary", key="delete now"):
        try:
            for experiment_dir in experiment_dirs:
                guarded_actions.delete(experiment_dir)
        except (ValueError, OSError) as error:
            st.error(wording.plain(str(error)))
        else:
            selection.remember("experiment", None)
            st.switch_page("pages/experiments.py")
