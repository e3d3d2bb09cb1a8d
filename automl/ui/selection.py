"""The experiment and the trial in view.

Both are kept in the URL, so that a view can be reloaded and shared, and in the session, because
the links of the navigation drop the parameters of the URL.
"""

from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

import streamlit as st

from automl.experiments import leaderboard, store
from automl.experiments.records import TrialRecord
from automl.figures import wording
from automl.host import home
from automl.texts import _
from automl.ui import cached, links

_WAY_ON = ":material/arrow_forward:"


def experiment_names() -> list[str]:
    """Names of all experiments, newest first."""
    return [path.name for path in store.experiment_dirs(home.experiments_dir())]


def require_experiment(begin_without: Callable[[], object]) -> Path:
    """Return the experiment in view, else the newest; stop the page if there is none.

    Args:
        begin_without: draws the frame of a page that has no experiment to show.
    """
    names = experiment_names()
    requested = remembered("experiment")
    if requested and requested not in names:
        begin_without()
        say_missing(requested)
        for similar in get_close_matches(requested, names):
            label = _("Open {name}").format(name=wording.plain(similar))
            link("pages/progress.py", home.experiments_dir() / similar, label, _WAY_ON)
        empty_state(_("See all experiments"), "pages/experiments.py")
    if not names:
        begin_without()
        st.info(_("There is no experiment yet. Choose pictures to start one."))
        empty_state(_("Choose pictures"), "pages/dataset.py")
    experiment_dir = home.experiments_dir() / (requested or names[0])
    show_experiment(experiment_dir.name)
    try:
        cached.experiment(experiment_dir)
        cached.job(experiment_dir)
    except (ValueError, OSError) as error:
        begin_without()
        st.error(wording.plain(wording.stored(store.unreadable(error, experiment_dir))))
        empty_state(_("See the other experiments"), "pages/experiments.py")
    return experiment_dir


def say_missing(name: str) -> None:
    st.warning(
        _("There is no experiment called {requested} here.").format(requested=wording.plain(name))
    )


def show_experiment(name: str) -> None:
    """Bring an experiment into view."""
    if st.query_params.get("experiment") != name:
        st.query_params["experiment"] = name
    if st.session_state.get("experiment") != name:
        st.session_state["experiment"] = name
        st.session_state.pop("trial", None)


def require_trial(experiment_dir: Path) -> TrialRecord:
    """Draw the choice of the trial and return the chosen one; the best trial is chosen first.

    There is one at least.
    """
    trials = cached.trials(experiment_dir)
    by_id = {trial.trial_id: trial for trial in trials}
    primary_metric = cached.job(experiment_dir).primary_metric
    ranked = [trial.trial_id for trial in leaderboard.in_order(trials, primary_metric)]
    requested = remembered("trial")
    shown = requested if requested in by_id else ranked[0]

    def title(trial_id: str) -> str:
        trial = by_id[trial_id]
        score = wording.score(trial.score(primary_metric))
        return f"{wording.trial(trial)} · {score} · {_(trial.state)}"

    chosen = st.selectbox(
        _("Trial, best first"),
        ranked,
        index=ranked.index(shown),
        format_func=title,
        key=f"instead of trial {shown}",
        width=380,
        label_visibility="collapsed",
    )
    st.query_params["trial"] = st.session_state["trial"] = chosen
    return by_id[chosen]


def remember(name: str, value: str | None) -> None:
    """Keep the value in the URL and the session; None removes it."""
    if value is None:
        st.query_params.pop(name, None)
        st.session_state.pop(name, None)
    else:
        st.query_params[name] = st.session_state[name] = value


def remembered(name: str) -> str | None:
    """Value in the URL, else the value in the session."""
    value: str | None = st.query_params.get(name) or st.session_state.get(name)
    return value


def empty_state(label: str, page: str) -> None:
    """Draw a link to the next step and stop the page."""
    links.page_link(page, label=label, icon=_WAY_ON)
    st.stop()


def link(page: str, experiment_dir: Path, label: str, icon: str | None = None) -> None:
    """Draw a link to a page that shows the experiment."""
    links.page_link(
        page,
        label=label,
        icon=icon,
        query_params={"experiment": experiment_dir.name},
        width="content",
    )
