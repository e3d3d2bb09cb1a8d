"""Start an experiment with the labels that the user put right."""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from automl.dataset import label_sets, shrinking
from automl.figures import shrinking_text, wording
from automl.texts import _, ngettext
from automl.ui import cached, data_source, frame, launch, links, selection
from automl.ui.answers import label_decisions, label_fixes
from automl.ui.dataset import data_choice


def offer(experiment_dir: Path, *, is_finished: bool) -> None:
    """Draw the button; nothing before the first decision.

    Args:
        experiment_dir: the experiment whose pictures were decided on.
        is_finished: True if it has ended; the new one cannot start before.
    """
    launch.follow()
    decisions = label_decisions.of(experiment_dir)
    changed = label_fixes.by_picture(decisions, _labels(experiment_dir))
    if not changed:
        return
    job = cached.job(experiment_dir)
    name = data_source.free_name(job.training_data, set(selection.experiment_names()))
    changed_job = label_fixes.job_with(job, changed)
    is_blocked = _warn(experiment_dir, changed)
    if is_blocked and st.button(_("Settle it with the data"), icon=":material/arrow_forward:"):
        data_choice.take(changed_job)
        links.switch_page(frame.DATA, query_params=data_choice.link())
    with st.container(horizontal=True, vertical_alignment="center"):
        is_asked = st.button(
            ngettext(
                "New experiment with {count} change",
                "New experiment with {count} changes",
                len(changed),
            ).format(count=len(changed)),
            type="primary",
            icon=":material/play_arrow:",
            disabled=is_blocked or not is_finished,
            key=f"new experiment {launch.number()}",
            help=_(
                "The same job again, as {name}, with your decisions. The files are not changed."
            ).format(name=name),
        )
        if not is_finished:
            st.caption(_("You can start the new experiment when this one has ended."))
    if is_asked and is_finished and not is_blocked:
        launch.start(changed_job, name)
    if refusal := launch.problem():
        st.error(wording.plain(refusal))


def _warn(experiment_dir: Path, changed: Mapping[str, label_fixes.Answer]) -> bool:
    """Say which classes would be left with few pictures; True if nothing could start then."""
    samples = cached.samples(experiment_dir)
    if samples is None:
        return False
    answers = {
        content: None if answer == label_fixes.LEAVE_OUT else answer
        for content, answer in changed.items()
    }
    found = shrinking.shrunk(samples, answers, by="content_hash")
    if found:
        st.warning(wording.plain(shrinking_text.sentences(found)))
    return any(each.is_blocking for each in found)


def _labels(experiment_dir: Path) -> dict[str, list[str]]:
    """Labels of each picture by its SHA-256; empty where pictures have one class."""
    samples = cached.samples(experiment_dir)
    if samples is None or not label_sets.are_in(samples):
        return {}
    sets = zip(samples["content_hash"], samples[label_sets.COLUMN], strict=True)
    return {str(content): list(labels) for content, labels in sets}
