"""One experiment on the home page."""

from pathlib import Path

import streamlit as st

from automl.experiments import launcher, store
from automl.experiments.records import ExperimentState, now
from automl.figures import wording
from automl.ui import cached, experiment_state, gallery, selection

_NUM_THUMBNAILS = 4  # side by side in a window of 1,200 pixels


def state_of(experiment_dir: Path) -> ExperimentState | None:
    """State of the experiment; None if it cannot be read."""
    try:
        return launcher.state(experiment_dir)
    except (ValueError, OSError):
        return None


def show(experiment_dir: Path) -> None:
    with st.container(border=True):
        try:
            _card(experiment_dir)
        except (ValueError, OSError) as error:
            st.markdown(f"**{wording.plain(experiment_dir.name)}**")
            st.error(wording.plain(store.unreadable(error, experiment_dir)))


def _card(experiment_dir: Path) -> None:
    state = launcher.state(experiment_dir)
    summary, pictures, score, links = st.columns([5, 4, 4, 2], vertical_alignment="center")
    with summary:
        _summary(experiment_dir, state)
    with pictures:
        _thumbnails(experiment_dir)
    with score:
        _score(experiment_dir)
    with links:
        _links(experiment_dir)


def _summary(experiment_dir: Path, state: ExperimentState) -> None:
    record = cached.experiment(experiment_dir)
    with st.container(horizontal=True, vertical_alignment="center"):
        selection.link(
            "pages/leaderboard.py" if state.is_finished else "pages/progress.py",
            experiment_dir,
            f"**{wording.plain(experiment_dir.name)}**",
        )
        experiment_state.badge(experiment_dir, state)
    facts = [wording.ago(record.created_at, now()), _trials(experiment_dir)]
    if report := cached.report(experiment_dir):
        facts.append(wording.count(report.num_images, "picture"))
        facts.append(wording.count(len(report.classes), "class"))
    if record.owner:
        facts.append(record.owner)
    st.caption(wording.plain(" · ".join(facts)))
    if state in (
        ExperimentState.FAILED,
        ExperimentState.QUEUED,
    ):  # the cause, or the position in the queue
        st.caption(wording.plain(record.message))


def _trials(experiment_dir: Path) -> str:
    return wording.count(len(store.trial_paths(experiment_dir)), "trial")


def _thumbnails(experiment_dir: Path) -> None:
    paths = cached.examples(experiment_dir, _NUM_THUMBNAILS)
    rendering = cached.rendering(experiment_dir)
    pictures = [gallery.Picture(path, "", rendering=rendering) for path in paths]
    gallery.strip(pictures, width=48, key=f"pictures of {experiment_dir.name}")


def _score(experiment_dir: Path) -> None:
    record = cached.experiment(experiment_dir)
    if record.best_trial is None:
        st.caption("No score.")
        return
    metric = cached.job(experiment_dir).primary_metric
    expected = wording.expected(record)
    st.metric(
        f"Expected {wording.metric(metric)}" if expected else f"Best {wording.metric(metric)}",
        expected or wording.score_of(cached.trial(experiment_dir, record.best_trial), metric),
        help=record.expected_basis or None,
        chart_data=record.improvements or None,
    )


def _links(experiment_dir: Path) -> None:
    if store.trial_paths(experiment_dir):
        selection.link(
            "pages/leaderboard.py", experiment_dir, "Leaderboard", ":material/leaderboard:"
        )
    selection.link("pages/progress.py", experiment_dir, "Progress", ":material/monitoring:")
    st.page_link(
        "pages/configure.py",
        label="Start again",
        icon=":material/content_copy:",
        query_params={"copy": experiment_dir.name},
    )
