"""Question whether to delete experiments, and the button that does it."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from automl.access.permissions import Action
from automl.experiments.records import ExperimentState
from automl.figures import wording
from automl.texts import _
from automl.ui import guarded_actions, links, selection


def may_delete(experiment_dir: Path, state: ExperimentState | None) -> bool:
    """True if the experiment has ended and the visitor may delete it."""
    is_over = state is not None and state.is_finished
    return is_over and guarded_actions.may(Action.DELETE, experiment_dir)


def confirm(experiment_dirs: Sequence[Path]) -> None:
    """Draw what is lost, and the button.

    Args:
        experiment_dirs: directories of experiments that may be deleted.
    """
    names = ", ".join(directory.name for directory in experiment_dirs)
    st.markdown(
        _("Delete {names} with all models? This cannot be undone. Your pictures are kept.").format(
            names=wording.plain(names)
        )
    )
    if st.button(_("Delete now"), type="primary", key="delete now"):
        try:
            for experiment_dir in experiment_dirs:
                guarded_actions.delete(experiment_dir)
        except (ValueError, OSError) as error:
            st.error(wording.of_error(error))
        else:
            selection.remember("experiment", None)
            links.switch_page("pages/experiments.py")
