"""What every page begins with: its title and, where it shows an experiment, which one."""

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
    """Draw the title, and stop for people who may not do the action; returns the column beside it.

    Args:
        title: title of the page.
        action: purpose of the page.
    """
    _through_app()
    sign_in.require(action)
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    left.title(title)
    with right:
        sign_in.who()
    return right


def begin_with_experiment(title: str, action: Action = Action.LOOK) -> tuple[Path, ExperimentState]:
    """Title, the experiment in view and a box to change it, and its state; `begin` for action."""
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
    """Draw the content of the tab in view; what is not in view is not computed.

    tabs: made with `on_change="rerun"`.
    """
    for tab, content in zip(tabs, draw, strict=True):
        if tab.open:
            with tab:
                content()


def state_line(experiment_dir: Path, state: ExperimentState) -> None:
    """State, data and metric in one line, the same on every page."""
    record, job = cached.experiment(experiment_dir), cached.job(experiment_dir)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(state.value, icon=wording.state_icon(state), color=wording.state_color(state))
        if store.is_imported(experiment_dir):
            st.badge("read-only", icon=":material/ios_share:", color="gray")
        facts = [f"ranked by {wording.metric(job.primary_metric)}", str(job.training_data.path)]
        if state.is_finished and record.seconds is not None:  # while it runs this would stand still
            facts.insert(0, wording.duration(record.seconds))
        st.caption(wording.plain(" · ".join(facts)))


def failure(experiment_dir: Path, state: ExperimentState) -> None:
    """Why the experiment did not end as planned, and the next step."""
    record = cached.experiment(experiment_dir)
    if state is ExperimentState.INTERRUPTED:
        st.warning(
            "The experiment was interrupted: its process ended before the search did, for example "
            "because the machine was reset. Nothing that was scored is lost; trials that had begun "
            "go on from their last evaluation."
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


def resume(experiment_dir: Path, label: str) -> None:
    if store.is_imported(experiment_dir) or not guarded_actions.may(Action.RESUME, experiment_dir):
        return
    if st.button(label, icon=":material/play_arrow:"):
        with contextlib.suppress(ValueError):  # a second click: it runs already
            guarded_actions.resume(experiment_dir)
        st.rerun()


def _through_app() -> None:
    # With a folder called pages/, Streamlit runs a page that is opened by a direct link without
    # app.py until the first visit to the root: no navigation, narrow layout. Run again through it.
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()
