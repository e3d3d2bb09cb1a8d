"""One experiment on the home page, in one row."""

from pathlib import Path

import streamlit as st

from automl.experiments import store, time_left
from automl.experiments.records import ExperimentState, now
from automl.experiments.remarks import Remarks
from automl.figures import wording
from automl.jobs.tasks import TASKS
from automl.texts import _
from automl.ui import cached, experiment_state, gallery, selection

_NUM_THUMBNAILS = 3


def show(experiment_dir: Path, remarks: Remarks, *, key: str) -> None:
    """Draw the row.

    Args:
        experiment_dir: directory of the experiment.
        remarks: what people wrote about it.
        key: key of the box that ticks it.
    """
    tick, pictures, summary, score = st.columns([0.3, 1.4, 5.3, 2.8], vertical_alignment="center")
    name = wording.plain(remarks.title or experiment_dir.name)
    tick_it = _("Tick {name}").format(name=experiment_dir.name)  # heard as it is, with any escapes
    tick.checkbox(tick_it, key=key, label_visibility="collapsed")
    try:
        with pictures:
            _thumbnails(experiment_dir)
        with summary:
            _summary(experiment_dir, name, remarks)
        with score:
            _score(experiment_dir)
    except (ValueError, OSError) as error:
        with summary:
            st.markdown(f"**{name}**")
            st.error(wording.plain(wording.stored(store.unreadable(error, experiment_dir))))


def _thumbnails(experiment_dir: Path) -> None:
    paths = cached.examples(experiment_dir, _NUM_THUMBNAILS)
    rendering = cached.rendering(experiment_dir)
    pictures = [gallery.Picture(path, "", rendering=rendering) for path in paths]
    gallery.strip(pictures, width=36, key=f"pictures of {experiment_dir.name}")


def _summary(experiment_dir: Path, name: str, remarks: Remarks) -> None:
    record, state = cached.experiment(experiment_dir), cached.state(experiment_dir)
    page = "pages/leaderboard.py" if state.is_finished else "pages/progress.py"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        selection.link(page, experiment_dir, f"**{name}**")
        experiment_state.badge(experiment_dir, state, in_short=True)
        for tag in remarks.tags:
            st.badge(wording.plain(tag), color="gray")
        st.caption(wording.plain(" · ".join(_facts(experiment_dir, state))), width="content")
    if state in (ExperimentState.FAILED, ExperimentState.QUEUED):  # the cause, or its place
        st.caption(wording.plain(wording.stored(record.message)))
    if remarks.note:
        st.caption(wording.plain(remarks.note.splitlines()[0]))


def _facts(experiment_dir: Path, state: ExperimentState) -> list[str]:
    record = cached.experiment(experiment_dir)
    trials = wording.count(len(store.trial_paths(experiment_dir)), "trial")
    extent = cached.extent(experiment_dir) if state.is_finished else None
    if extent is not None and not extent.is_whole:
        tried, planned = map(wording.integer, (extent.num_tried, extent.num_planned))
        trials = _("{tried} of {planned} tried").format(tried=tried, planned=planned)
    facts = [wording.ago(record.created_at, now()), trials]
    if report := cached.report(experiment_dir):
        task = TASKS[cached.job(experiment_dir).task]
        facts.append(wording.count(report.num_images, "picture"))
        one = "label" if task.has_label_sets else "class"
        facts.append(wording.count(len(report.classes), one))
    if record.owner:
        facts.append(record.owner)
    if not state.is_finished:
        left = time_left.estimate(record, cached.trials(experiment_dir), now())
        facts.append(wording.time_left(left))
    return facts


def _score(experiment_dir: Path) -> None:
    record = cached.experiment(experiment_dir)
    if record.best_trial is None:
        st.caption(_("No score."))
        return
    metric = cached.job(experiment_dir).primary_metric
    expected = wording.expected(record)
    score = wording.score_of(cached.trial(experiment_dir, record.best_trial), metric)
    kind = _("expected {metric}") if expected else _("best {metric}")
    st.markdown(
        f"**{expected or score}** :gray[{kind.format(metric=wording.metric(metric))}]",
        help=wording.plain(wording.stored(record.expected_basis)) or None,
    )
