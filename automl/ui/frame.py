"""Frame of every page: the five steps from pictures to a model in use, and the views of Choose."""

from enum import StrEnum
from pathlib import Path
from typing import NoReturn

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from automl.access.permissions import Action
from automl.experiments import store
from automl.experiments.records import ExperimentState, TrialRecord
from automl.figures import wording
from automl.texts import _, mark
from automl.ui import (
    browser_history,
    cached,
    experiment_header,
    experiment_state,
    links,
    selection,
    sign_in,
    streamlit_words,
    through_app,
)
from automl.ui.dataset import data_choice

HOME = "pages/experiments.py"
DATA = "pages/dataset.py"
SET_UP = "pages/configure.py"
TRAIN = "pages/progress.py"
CHOOSE = "pages/leaderboard.py"
TRIAL = "pages/trial.py"
USE = "pages/predict.py"

_STEPS = {
    DATA: mark("Data"),
    SET_UP: mark("Set up"),
    TRAIN: mark("Train"),
    CHOOSE: mark("Choose"),
    USE: mark("Use"),
}
_VIEWS = {
    CHOOSE: mark("Leaderboard"),
    "pages/search.py": mark("Search"),
    TRIAL: mark("One trial"),
    "pages/compare.py": mark("Compare"),
    "pages/test.py": mark("Test data"),
}
_LAYOUT = """<style>
.stMainBlockContainer { padding-top: 0.25rem; }
.stAppHeader { left: auto; width: auto; background: transparent; }
.st-key-frame { padding-right: 2.5rem; }
.st-key-this-step { border-bottom: 3px solid; }
:is([role="tab"], button[data-variant="segmented_control"], button[kind^="tertiary"],
  [data-testid="stCameraInputButton"]:not(:active)):not(:disabled),
[data-testid="stSliderThumbValue"], .stCode code .token { color: inherit !important; }
button[kind^="tertiary"]:is(:hover, [aria-expanded="true"]) p { text-decoration: underline; }
:is(a, button, summary, [role="tab"]):focus-visible { outline: 2px solid !important; }
:is([role="tab"], button[kind^="primary"]):focus-visible { outline-offset: -3px; }
[role="tab"] { padding-inline: 0.4rem; }
.stForm [data-testid="InputInstructions"] { display: none; }
[data-testid="stHeaderActionElements"] a { display: none; }
.st-key-notes button { min-height: 1.5rem; padding-block: 0; }
.stCode .token.key { font-weight: 600; }
@media (min-width: 641px) {
  .st-key-header, .st-key-standing { flex-wrap: nowrap; min-width: 0; }
  .st-key-header > *, .st-key-standing > * { flex-shrink: 0; }
  .st-key-header :has(h1) { flex-shrink: 1; min-width: 4rem; }
  .st-key-standing :has(a) { flex-shrink: 999999; min-width: 10rem; }
}
.st-key-standing :is(h1, a, a p) { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
:has(> .st-key-scripts) { display: none; }
@media (max-width: 640px) {
  .st-key-header > :first-child { flex: 1 0 100%; }
  .st-key-header > :first-child > div, .st-key-header > :first-child > div > div { width: 100%; }
  .st-key-standing > :has(a) { flex-basis: 100%; }
  .st-key-table-choices { gap: 0.25rem; }
  .st-key-frame, .st-key-views, .st-key-header, .st-key-standing { gap: 0.25rem; }
  .st-key-frame a, .st-key-views a { padding: 0.1rem 0.3rem; gap: 0.25rem; }
  .st-key-frame a, .st-key-frame p, .st-key-views p { font-size: 0.8rem; }
  .st-key-frame { padding-right: 1.5rem; }
  .st-key-header button { min-height: 2rem; padding: 0.1rem 0.35rem; }
  .st-key-header button p { font-size: 0.85rem; }
  .stMultiSelect input { min-width: 1.5rem; }
  .stButtonGroup > div { flex-wrap: wrap; }
  .st-key-filters, .st-key-filters .stHorizontalBlock { gap: 0.25rem; }
  .st-key-filters .stElementContainer:has(.stMultiSelect) { max-width: 49%; min-width: 0; }
  .st-key-experiments .stHorizontalBlock { row-gap: 0.25rem; }
  .st-key-experiments .stColumn:nth-child(1) { min-width: 1.5rem; flex: 0; }
  .st-key-experiments .stColumn:nth-child(2) { min-width: 50%; }
  [data-testid="stElementToolbar"] { display: none; }
  .st-key-lines > div, .st-key-lines > div > div { height: auto; flex: none; }
}
</style>"""
"""Streamlit leaves 96 pixels above a page for its own header, of which only the menu is left.

It writes what is chosen, open or under the pointer in the accent, which is dark enough for the
white words of a button and so too dark for words on a dark page; and parts of YAML in colours too
light for a light one. It marks what the keyboard is on by half of the accent, or by a shade that
what is chosen has, too; it has links to headings, on which the keyboard would stop; and in a form,
which has a button, it writes over a long text that Enter sends it. On a
phone the frame takes half of its usual height, a full multiselect keeps a place for a finger, and
the line of a trial in training grows to the height of its button below its bar. There the tools of
a table, which a touch screen always shows, would cover what stands above it. In the line above a
page of an experiment, the best trial gets shorter before the name of the experiment does. On a
phone it has a line of its own, so that a shorter name moves no button.
"""


class _Mark(StrEnum):
    """State of a step: its icon."""

    DONE = ":material/check_circle:"
    RUNNING = ":material/pending:"
    FAILED = ":material/error:"
    POSSIBLE = ":material/circle:"
    NOT_YET = ""


def begin(title: str, page: str, action: Action = Action.LOOK) -> DeltaGenerator:
    """Draw the frame of a page without an experiment; stop if the visitor may not do the action.

    Args:
        title: title of the page.
        page: path of its script.
        action: action that the page is for.

    Returns:
        The row of the title, for what one can do on the page.
    """
    through_app.rerun()
    sign_in.require(action)
    return _begin_without_experiment(title, page)


def _begin_without_experiment(title: str, page: str) -> DeltaGenerator:
    _steps(_step(page), _of_a_new_experiment(), data_choice.link())
    row = st.container(horizontal=True, vertical_alignment="center")
    row.title(title, anchor=False, width="content")
    return row


def begin_first_steps(page: str) -> Path | DeltaGenerator:
    """Draw the frame of Data or Set up.

    Args:
        page: path of the page's script.

    Returns:
        The directory of the experiment in the address; for a new one the row of the title.
    """
    if "experiment" in st.query_params:
        return begin_with_experiment(page)[0]
    return begin(_(_STEPS[page]), page, Action.START)


def begin_with_experiment(page: str, action: Action = Action.LOOK) -> tuple[Path, ExperimentState]:
    """Draw the frame of a page of an experiment; returns the experiment's directory and state.

    Args:
        page: path of the page's script.
        action: action that the page is for.
    """
    experiment_dir, state = _begin(page, action)
    if page in _VIEWS:
        _views(experiment_dir)
    return experiment_dir, state


def begin_with_trial(page: str) -> tuple[Path, ExperimentState, TrialRecord]:
    """Draw the frame of a page of one trial, with the choice of the trial beside the views."""
    experiment_dir, state = _begin(page, Action.LOOK)
    asked_for = selection.remembered("trial")
    row = _views(experiment_dir)
    if not cached.trials(experiment_dir):
        _wait_for_trial(experiment_dir, state)
    with row:
        st.space("stretch")
        trial = selection.require_trial(experiment_dir)
    if asked_for and asked_for not in {each.trial_id for each in cached.trials(experiment_dir)}:
        name = wording.plain(asked_for)
        st.warning(
            _("This experiment has no trial called {name}. The best one is shown.").format(
                name=name
            )
        )
    return experiment_dir, state, trial


def _wait_for_trial(experiment_dir: Path, state: ExperimentState) -> NoReturn:
    """Draw a message until there is a trial, with which the page is drawn anew."""

    @st.fragment(run_every=None if state.is_finished else "2s")
    def waiting() -> None:
        if cached.trials(experiment_dir):
            st.rerun()
        experiment_state.no_trial(experiment_dir, state)

    waiting()
    st.stop()


def _begin(page: str, action: Action) -> tuple[Path, ExperimentState]:
    through_app.rerun()
    sign_in.require(action)
    title = _({**_STEPS, **_VIEWS}[page])
    experiment_dir = selection.require_experiment(lambda: _begin_without_experiment(title, page))
    state = cached.state(experiment_dir)
    _steps(_step(page), _of(experiment_dir, state), {"experiment": experiment_dir.name})
    has_subject = page != TRAIN and _has_subject(page, experiment_dir)
    experiment_header.show(experiment_dir, state, folded=has_subject)
    for sentence in cached.damaged_trials(experiment_dir):
        st.warning(wording.plain(wording.stored(sentence)))
    return experiment_dir, state


def _has_subject(page: str, experiment_dir: Path) -> bool:
    """True if a page has something to show of an experiment that has failed."""
    if page == USE:
        return _has_model(experiment_dir)
    return page in (DATA, SET_UP) or _has_trial(experiment_dir)


def _has_trial(experiment_dir: Path) -> bool:
    return bool(cached.trials(experiment_dir) or cached.damaged_trials(experiment_dir))


def _has_model(experiment_dir: Path) -> bool:
    return (store.best_model_dir(experiment_dir) / "model.onnx").is_file()


def _step(page: str) -> str:
    return CHOOSE if page in _VIEWS else page


def _views(experiment_dir: Path) -> DeltaGenerator:
    row = st.container(horizontal=True, vertical_alignment="center", gap="small", key="views")
    trial = selection.remembered("trial") or cached.experiment(experiment_dir).best_trial
    with row:
        for page, title in _VIEWS.items():
            address = {"experiment": experiment_dir.name}
            if page == TRIAL and trial:  # also where the link opens a window of its own
                address["trial"] = trial
            links.page_link(page, label=_(title), query_params=address, width="content")
    return row


def _of_a_new_experiment() -> dict[str, _Mark]:
    has_data = data_choice.is_chosen()
    return {
        DATA: _Mark.DONE if has_data else _Mark.POSSIBLE,
        SET_UP: _Mark.POSSIBLE if has_data else _Mark.NOT_YET,
        **dict.fromkeys((TRAIN, CHOOSE, USE), _Mark.NOT_YET),
    }


def _of(experiment_dir: Path, state: ExperimentState) -> dict[str, _Mark]:
    training = _Mark.DONE if state.is_finished else _Mark.RUNNING
    if state is ExperimentState.FAILED:
        training = _Mark.FAILED
    return {
        DATA: _Mark.DONE,
        SET_UP: _Mark.DONE,
        TRAIN: training,
        CHOOSE: _Mark.POSSIBLE if _has_trial(experiment_dir) else _Mark.NOT_YET,
        USE: _Mark.POSSIBLE if _has_model(experiment_dir) else _Mark.NOT_YET,
    }


def _steps(current: str, marks: dict[str, _Mark], address: dict[str, str]) -> None:
    st.html(_LAYOUT)
    with st.container(key="scripts"):  # hidden, for a gap would be left
        streamlit_words.translate()
        browser_history.one_step_each()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="frame"):
        links.page_link(HOME, label=_("Experiments"), icon=":material/home:", width="content")
        for number, (page, title) in enumerate(_STEPS.items(), start=1):
            label, state = f"{number} {_(title)}", marks[page]
            with st.container(width="content", key="this-step" if page == current else None):
                if state is _Mark.NOT_YET and page != current:
                    st.caption(label, width="content")
                else:
                    icon = state.value or None
                    links.page_link(
                        page, label=label, icon=icon, query_params=address, width="content"
                    )
        st.space("stretch")
        links.page_link(
            "pages/settings.py", label=_("Settings"), icon=":material/settings:", width="content"
        )
        sign_in.menu()
