"""One experiment on the home page, in one row."""

from pathlib import Path

import streamlit as st

from automl.experiments import launcher, store
from automl.experiments.records import ExperimentState, now
from automl.experiments.remarks import Remarks
from automl.figures import wording
from automl.texts import _, again
from automl.ui import cached, experiment_state, gallery, selection

_NUM_THUMBNAILS = 3


def show(experiment_dir: Path, remarks: Remarks, *, key: str) -> None:
    """Draw the row.

    Args:
        experiment_dir: directory of the experiment.
        remarks: what people wrote about it.
        key: key of the box that ticks it.
    """
    tick, pictures, summary, score = st.columns([0.3, 1.4, 5.5, 2.6], vertical_alignment="center")
    name = wording.plain(remarks.title or experiment_dir.name)
    tick.checkbox(_("Tick {name}").format(name=name), key=key, label_visibility="collapsed")
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
            st.error(wording.plain(again(store.unreadable(error, experiment_dir))))


def _thumbnails(experiment_dir: Path) -> None:
    paths = cached.examples(experiment_dir, _NUM_THUMBNAILS)
    rendering = cached.rendering(experiment_dir)
    pictures = [gallery.Picture(path, "", rendering=rendering) for path in paths]
    gallery.strip(pictures, width=36, key=f"pictures of {experiment_dir.name}")


def _summary(experiment_dir: Path, name: str, remarks: Remarks) -> None:
    record, state = cached.experiment(experiment_dir), launcher.state(experiment_dir)
    page = "pages/leaderboard.py" if state.is_finished else "pages/progress.py"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        selection.link(page, experiment_dir, f"**{name}**")
        experiment_state.badge(experiment_dir, state)
        for tag in remarks.tags:
            st.badge(wording.plain(tag), color="gray")
        st.caption(wording.plain(" · ".join(_facts(experiment_dir))), width="content")
    if state in (ExperimentState.FAILED, ExperimentState.QUEUED):  # the cause, or its place
        st.caption(wording.plain(again(record.message)))
    if remarks.note:
        st.caption(wording.plain(remarks.note.splitlines()[0]))


def _facts(experiment_dir: Path) -> list[str]:
    record = cached.experiment(experiment_dir)
    num_trials = len(store.trial_paths(experiment_dir))
    facts = [wording.ago(record.created_at, now()), wording.count(num_trials, "trial")]
    if report := cached.report(experiment_dir):
        facts.append(wording.count(report.num_images, "picture"))
        facts.append(wording.count(len(report.classes), "class"))
    return [*facts, record.owner] if record.owner else facts


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
        help=again(record.expected_basis) or None,
    )
