"""Top of every page: the title, and the name and state of the experiment in view."""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.elements.lib.mutable_tab_container import TabContainer
from streamlit.runtime.pages_manager import PagesManager

from automl.access.permissions import Action
from automl.experiments import launcher, store
from automl.experiments.records import ExperimentState
from automl.figures import wording
from automl.ui import cached, guarded_actions, selection, sign_in


def begin(title: str, action: Action = Action.LOOK) -> DeltaGenerator:
    """Draw the title; stop if the visitor may not do the action. Returns the column on the right.

    Args:
        title: title of the page.
        action: action that the page is for.
    """
    _rerun_through_app()
    sign_in.require(action)
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    left.title(title)
    with right:
        sign_in.menu()
    return right


def begin_with_experiment(title: str, action: Action = Action.LOOK) -> tuple[Path, ExperimentState]:
    """Draw the title and the choice of the experiment; returns its directory and its state."""
    right = begin(title, action)
    experiment_dir = selection.require_experiment()
    names = selection.experiment_names()
    shown = experiment_dir.name
    chosen = right.selectbox(
        "Experiment", names, index=names.index(shown), key=f"instead of {shown}"
    )
    if chosen != shown:
        selection.show_experiment(chosen)
        st.query_params.pop("trial", None)
        st.rerun()
    return experiment_dir, launcher.state(experiment_dir)


def fill(tabs: Sequence[TabContainer], *draw: Callable[[], None]) -> None:
    """Draw the content of the open tab only, so that nothing is computed for the others.

    Args:
        tabs: tabs made with `on_change="rerun"`.
        draw: for each tab, the function that draws its content.
    """
    for tab, content in zip(tabs, draw, strict=True):
        if tab.open:
            with tab:
                content()


def state_line(experiment_dir: Path, state: ExperimentState) -> None:
    """Draw the state, the data and the metric in one line, the same on every page."""
    record, job = cached.experiment(experiment_dir), cached.job(experiment_dir)
    with st.container(horizontal=True, vertical_alignment="center"):
        state_badge(experiment_dir, state)
        if store.is_imported(experiment_dir):
            st.badge("read-only", icon=":material/ios_share:", color="gray")
        facts = [f"ranked by {wording.metric(job.primary_metric)}", job.training_data.location]
        if (
            state.is_finished and record.seconds is not None
        ):  # while it runs this number would not move
            facts.insert(0, wording.duration(record.seconds))
        st.caption(wording.plain(" · ".join(facts)))


def state_badge(experiment_dir: Path, state: ExperimentState) -> None:
    """Draw the state as a badge; the part of the search that was not tried stands beside it."""
    extent = cached.extent(experiment_dir) if state.is_finished else None
    name = wording.state(state, extent)
    st.badge(name, icon=wording.state_icon(name), color=wording.state_color(name))
    if extent is not None and (missed := wording.tried(extent)):
        st.caption(missed)


def failure(experiment_dir: Path, state: ExperimentState) -> None:
    """Draw the reason why the experiment failed or was interrupted, and the button to resume it."""
    record = cached.experiment(experiment_dir)
    if state is ExperimentState.INTERRUPTED:
        st.warning(
            "The experiment was interrupted: its process ended before the search did, for example "
            "because the machine was restarted. Every finished evaluation is kept. After a resume, "
            "the trials continue from their last evaluation."
        )
    elif state is ExperimentState.FAILED:
        cause = record.message or "The engine ended without saying why."
        st.error(wording.plain(cause))
    else:
        return
    resume(experiment_dir, "Resume" if state is ExperimentState.INTERRUPTED else "Try again")
    if record.details:
        with st.expander("Details"):
            st.code(record.details, language=None)


def may_resume(experiment_dir: Path) -> bool:
    """True if the visitor may go on with an experiment of this installation."""
    is_ours = not store.is_imported(experiment_dir)
    return is_ours and guarded_actions.may(Action.RESUME, experiment_dir)


def resume(experiment_dir: Path, label: str, more_minutes: int | None = None) -> None:
    """Draw a button that goes on with the search; nothing if the visitor may not."""
    if not may_resume(experiment_dir):
        return
    if st.button(label, icon=":material/play_arrow:"):
        with contextlib.suppress(ValueError):  # after a second click it is already running
            guarded_actions.resume(experiment_dir, more_minutes)
        st.rerun()


def _rerun_through_app() -> None:
    # If a folder is called pages/, Streamlit runs a page opened by a direct link without app.py
    # until somebody visits the root: the page has no navigation and a narrow layout. Switch this
    # off, and run the page again, now through app.py.
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()
