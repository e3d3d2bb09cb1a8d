"""What is in view: the experiment, the trial.

It lives in the URL, so that every view can be reloaded and shared, and in the session, because
the navigation's own links drop the URL's parameters.
"""

from pathlib import Path

import streamlit as st

from automl.experiments import leaderboard, store
from automl.experiments.records import TrialRecord
from automl.figures import wording
from automl.host import home
from automl.ui import cached


def experiment_names() -> list[str]:
    """Newest first."""
    return [path.name for path in store.experiment_dirs(home.experiments_dir())]


def require_experiment() -> Path:
    """The experiment in view, else the newest; draws the empty state where there is none."""
    names = experiment_names()
    asked = remembered("experiment")
    if asked and asked not in names:
        st.warning(f"There is no experiment called {wording.plain(asked)} here.")
        empty_state("Look at the experiments there are", "pages/experiments.py")
    if not names:
        st.info("This page shows an experiment, and there is none yet. Start with some pictures.")
        empty_state("Choose pictures", "pages/dataset.py")
    experiment_dir = home.experiments_dir() / (asked or names[0])
    show_experiment(experiment_dir.name)
    _check_readable(experiment_dir)
    return experiment_dir


def show_experiment(name: str) -> None:
    """Bring an experiment into view."""
    if st.query_params.get("experiment") != name:
        st.query_params["experiment"] = name
    if st.session_state.get("experiment") != name:
        st.session_state["experiment"] = name
        st.session_state.pop("trial", None)


def require_trial(experiment_dir: Path) -> TrialRecord:
    """The trial in view, which a box at the top changes; the best one to begin with."""
    trials = cached.trials(experiment_dir)
    if not trials:
        st.info("This page shows a trial, and none has started yet.")
        empty_state("Look at the progress", "pages/progress.py")
    by_id = {trial.trial_id: trial for trial in trials}
    primary_metric = cached.job(experiment_dir).primary_metric
    ranked = [trial.trial_id for trial in leaderboard.in_order(trials, primary_metric)]
    asked = remembered("trial")
    shown = asked if asked in by_id else ranked[0]

    def title(trial_id: str) -> str:
        trial = by_id[trial_id]
        score = wording.score(trial.score(primary_metric))
        return f"{wording.trial(trial)} · {score} · {trial.state}"

    chosen = st.selectbox(
        "Trial, best first",
        ranked,
        index=ranked.index(shown),
        format_func=title,
        key=f"instead of trial {shown}",
        width=520,
    )
    st.query_params["trial"] = st.session_state["trial"] = chosen
    return by_id[chosen]


def remember(name: str, value: str | None) -> None:
    """Keep it in the URL and the session; None forgets it."""
    if value is None:
        st.query_params.pop(name, None)
        st.session_state.pop(name, None)
    else:
        st.query_params[name] = st.session_state[name] = value


def remembered(name: str) -> str | None:
    """What the URL says, or else the session."""
    value: str | None = st.query_params.get(name) or st.session_state.get(name)
    return value


def empty_state(label: str, page: str) -> None:
    """Offer the one next step, and draw no more."""
    st.page_link(page, label=label, icon=":material/arrow_forward:")
    st.stop()


def link(page: str, experiment_dir: Path, label: str, icon: str) -> None:
    """To a page, with the experiment in view there."""
    st.page_link(page, label=label, icon=icon, query_params={"experiment": experiment_dir.name})


def _check_readable(experiment_dir: Path) -> None:
    try:
        cached.experiment(experiment_dir)
        cached.job(experiment_dir)
    except (ValueError, OSError) as error:
        st.error(wording.plain(store.unreadable(error, experiment_dir)))
        empty_state("Look at the other experiments", "pages/experiments.py")
