"""State of an experiment as a badge, and the button that goes on with one that ended early."""

from pathlib import Path

import streamlit as st

from automl.access.permissions import Action
from automl.errors import UserError
from automl.experiments import store
from automl.experiments.records import ExperimentState
from automl.figures import wording
from automl.texts import _
from automl.ui import cached, guarded_actions, links


def badge(experiment_dir: Path, state: ExperimentState, *, in_short: bool = False) -> None:
    """Draw the state; unless in short, with the part of the search that was not tried beside it."""
    extent = cached.extent(experiment_dir) if state.is_finished else None
    name = wording.state(state, extent)
    st.badge(_(name), icon=wording.state_icon(name), color=wording.state_color(name))
    if extent is not None and not in_short and (missed := wording.tried(extent)):
        st.caption(missed, width="content")


def no_trial(experiment_dir: Path, state: ExperimentState) -> None:
    """Draw a message in place of the trials when there are none, and the next step at the end."""
    if state.is_finished:
        st.info(_("This experiment ended before its first trial."))
        links.new_experiment(experiment_dir)
    else:
        st.info(_("Trials appear here as soon as the first one starts."))


def may_resume(experiment_dir: Path) -> bool:
    """True if the visitor may go on with an experiment of this installation."""
    is_ours = not store.is_imported(experiment_dir)
    return is_ours and guarded_actions.may(Action.RESUME, experiment_dir)


def resume(experiment_dir: Path, label: str, more_minutes: int | None = None) -> None:
    """Draw a button that goes on with the search; nothing if the visitor may not.

    After the test data were opened nobody may.
    """
    if not may_resume(experiment_dir) or store.load_test_opening(experiment_dir) is not None:
        return
    if st.button(label, icon=":material/play_arrow:"):
        try:
            guarded_actions.resume(experiment_dir, more_minutes)
        except UserError as error:
            if cached.state(experiment_dir).is_finished:  # else a second click: it runs already
                st.error(wording.of_error(error))
                return
        st.rerun()
