"""Draw the first score of a data set, and the pictures behind it."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import streamlit as st

from automl.dataset import label_sets
from automl.dataset.manifest import Manifest
from automl.evaluation import first_score
from automl.evaluation.first_score import Answer, DoubtfulLabel, FirstScore
from automl.figures import first_score_text, wording
from automl.figures.first_score_text import Table
from automl.jobs.corrections import Corrections
from automl.jobs.job import Job
from automl.texts import _, mark, ngettext
from automl.ui import gallery, label_in_doubt, side_work, side_work_view
from automl.ui.dataset import bulk_changes, first_scores, picture_changes
from automl.ui.side_work_view import Words

_NUM_DOUBTS = 12
_NUM_ROWS = 8
_WORDS = Words(
    about=mark(
        "A simple model on the features of a pretrained network shows in a minute how well "
        "the classes can be told apart, and which labels are doubtful."
    ),
    begin=mark("Look at the pictures"),
    icon=":material/visibility:",
    busy=mark("Other pictures are being looked at right now. Try again in a minute."),
    cancel="cancel the first score",
)


def show(job: Job, corrected: Manifest, original: Manifest) -> None:
    """Draw the first score; it is computed beside the server while one looks at the data.

    Args:
        job: the data and its corrections.
        corrected: the data set as corrected.
        original: the data set as it is.
    """
    st.subheader(_("First score"))
    every, key = first_scores.looks(), _key(job, corrected)
    if every.of(key) is None and side_work.is_automatic():
        every.begin(key, job)

    def draw(found: FirstScore) -> None:
        _draw(found, job, corrected, original)

    side_work_view.show(every, key, job, _WORDS, draw)


def doubtful(job: Job, data: Manifest) -> set[str] | None:
    """Paths of the pictures whose label is in doubt; None without a first score."""
    found = _known(job, data)
    return None if found is None else {doubt.path for doubt in _unsettled(found, _labels(data))}


def predicted(job: Job, corrected: Manifest, original: Manifest) -> Mapping[str, Answer]:
    """Latest prediction of a first score for each picture that one was asked about."""
    found = _before_corrections(job, corrected, original), _known(job, corrected)
    return {path: answer for each in found if each for path, answer in each.predicted.items()}


def _known(job: Job, data: Manifest) -> FirstScore | None:
    """The first score of the data; None before there is one."""
    return _answer(_key(job, data))


def _answer(key: str) -> FirstScore | None:
    look = first_scores.looks().of(key)
    return look.answer if look else None


def _before_corrections(job: Job, corrected: Manifest, original: Manifest) -> FirstScore | None:
    """First score to compare with: of the data as they are, or else the earliest that was drawn."""
    whole = _known(job.model_copy(update={"corrections": Corrections()}), original)
    earliest = st.session_state.get(_earliest(original), _key(job, corrected))
    if whole is not None or earliest == _key(job, corrected):
        return whole
    return _answer(earliest)


def _earliest(original: Manifest) -> str:
    """Key in the session of the first score that was drawn first."""
    return f"earliest first score of {original.report.data_hash}"


def _key(job: Job, data: Manifest) -> str:
    """The pictures with their labels and splits, and what was corrected about them."""
    effective = job.corrections.model_copy(update={"notes": {}})
    return f"{data.report.data_hash} {effective.model_dump_json()}"


def _draw(found: FirstScore, job: Job, corrected: Manifest, original: Manifest) -> None:
    st.markdown(wording.plain(first_score_text.headline(found)))
    st.session_state.setdefault(_earliest(original), _key(job, corrected))
    labels = _labels(corrected)
    _draw_change(found, labels, job, corrected, original)
    doubts = _unsettled(found, labels)
    if doubts:
        _draw_doubts(doubts, labels, corrected, original)
    _table(first_score_text.weakest(found), _("Every picture was answered rightly."))
    _table(first_score_text.confusions(found), _("Nothing was taken for something else."))
    if found.missed_together:
        _table(first_score_text.missed_together(found), "")


def _draw_change(
    found: FirstScore,
    labels: Mapping[str, Answer],
    job: Job,
    corrected: Manifest,
    original: Manifest,
) -> None:
    """Say what the corrections did, if the data was looked at before them."""
    before = _before_corrections(job, corrected, original)
    if job.corrections == Corrections() or before is None:
        return
    if change := first_score.change(before, found, labels, corrected.group_by_path):
        box = st.success if change.after > change.before else st.info
        box(wording.plain(first_score_text.change(change)), icon=":material/compare_arrows:")


def _labels(data: Manifest) -> dict[str, Answer]:
    """Class or labels by path."""
    samples = data.readable
    column = label_sets.COLUMN if label_sets.are_in(samples) else "label"
    return dict(zip(samples["path"].tolist(), samples[column].tolist(), strict=True))


def _unsettled(found: FirstScore, labels: Mapping[str, Answer]) -> list[DoubtfulLabel]:
    """Doubts about pictures that are still in the data with the same label."""
    return [
        doubt
        for doubt in found.doubtful
        if doubt.path in labels and doubt.is_open(labels[doubt.path])
    ]


def _draw_doubts(
    doubts: list[DoubtfulLabel],
    labels: Mapping[str, Answer],
    corrected: Manifest,
    original: Manifest,
) -> None:
    st.markdown(
        _("**Labels in doubt ({count}), the clearest first**").format(
            count=wording.integer(len(doubts))
        )
    )
    shown = label_in_doubt.choose(doubts, key="the first score")[:_NUM_DOUBTS]
    pictures = [
        gallery.Picture(
            Path(doubt.path),
            wording.label(label_sets.text(label_sets.as_list(labels[doubt.path]))),
            first_score_text.suggestion(doubt),
            rendering=corrected.rendering,
        )
        for doubt in shown
    ]
    gallery.strip(pictures, width=72, key="doubtful labels")
    st.caption(
        _("Below each picture what it is labelled, and what the model finds far more likely.")
    )

    safe = [doubt for doubt in doubts if doubt.is_safe]
    paths = list(dict.fromkeys(doubt.path for doubt in shown))
    relabel = ngettext("Relabel this picture", "Relabel these {count} pictures", len(paths))
    relabel = relabel.format(count=len(paths))
    suggested = first_score.settled(shown, labels)
    acts: dict[str, bulk_changes.Answers] = {relabel: suggested}
    with st.container(horizontal=True):
        st.button(
            relabel,
            icon=":material/edit:",
            help=_("Label it as the model suggests; it can be undone."),
            on_click=picture_changes.relabel,
            args=(suggested, original),
        )
        act = bulk_changes.leave_out_these(paths, original, key="doubtful labels")
        acts[act] = dict.fromkeys(paths)
        if safe:
            safely = first_score.settled(safe, labels)
            act = bulk_changes.apply_safe(
                len(safe),
                safely,
                original,
                explanation=_(
                    "Relabels where the model gives its suggestion a probability of 0.9 or "
                    "more, and the label 0.05 or less. It can be undone."
                ),
            )
            acts[act] = safely
    bulk_changes.effects(acts, corrected)


def _table(table: Table, empty: str) -> None:
    headings, rows = table
    if rows:
        st.dataframe(
            pd.DataFrame(rows[:_NUM_ROWS], columns=headings), hide_index=True, height="content"
        )
    else:
        st.caption(empty)
