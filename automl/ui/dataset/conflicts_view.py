"""Draw copies with different labels side by side, each with the label to keep."""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from automl.dataset import label_sets
from automl.dataset.conflicts import Conflict, conflicts, kept
from automl.dataset.manifest import Manifest
from automl.evaluation.first_score import Answer
from automl.figures import wording
from automl.texts import _
from automl.ui import gallery
from automl.ui.dataset import bulk_changes, picture_changes

_NUM_SHOWN = 8
_NUM_COPIES = 6


def show(
    corrected: Manifest,
    original: Manifest,
    predicted: Mapping[str, Answer],
) -> None:
    """Draw the conflicts, if there are any.

    Args:
        corrected: the data set as corrected.
        original: the data set as it is.
        predicted: classes or labels that the first score has found, by path; empty before it.
    """
    found = conflicts(corrected)
    if not found:
        return
    st.subheader(_("The same picture under different labels"))
    sets = label_sets.by_text(corrected.samples)
    _settle_safe(found, corrected, original, predicted)
    for number, conflict in enumerate(found[:_NUM_SHOWN]):
        with st.container(border=True, gap="xsmall"):
            _one(conflict, corrected, f"conflict {number} {conflict.paths[0]}")
            acts = {
                _("Keep {label}").format(label=wording.label(label)): kept(
                    [(conflict, label)], sets
                )
                for label in conflict.choices
            }
            with st.container(horizontal=True):
                for act, labels in acts.items():
                    st.button(
                        wording.plain(act),
                        key=f"{act} for {number} {conflict.paths[0]}",
                        on_click=picture_changes.relabel,
                        args=(labels, original),
                    )
            bulk_changes.effects(acts, corrected)
    if len(found) > _NUM_SHOWN:
        st.caption(
            _("The {shown} largest of {count}.").format(
                shown=_NUM_SHOWN, count=wording.integer(len(found))
            )
        )


def _settle_safe(
    found: list[Conflict],
    corrected: Manifest,
    original: Manifest,
    predicted: Mapping[str, Answer],
) -> None:
    labels = [(conflict, conflict.safe_label(predicted)) for conflict in found]
    safe = [(conflict, label) for conflict, label in labels if label is not None]
    if not safe:
        return
    labels_kept = kept(safe, label_sets.by_text(corrected.samples))
    act = bulk_changes.apply_safe(
        len(safe),
        labels_kept,
        original,
        explanation=_(
            "Keeps the label that the first score finds and no other has more copies of; "
            "without a first score, the label of three quarters of at least four copies. It "
            "can be undone."
        ),
    )
    bulk_changes.effects({act: labels_kept}, corrected)


def _one(conflict: Conflict, corrected: Manifest, key: str) -> None:
    pairs = list(zip(conflict.paths, conflict.labels, strict=True))[:_NUM_COPIES]
    pictures = [
        gallery.Picture(Path(path), wording.label(label), rendering=corrected.rendering)
        for path, label in pairs
    ]
    gallery.strip(pictures, width=72, key=key)
    if len(conflict.paths) > _NUM_COPIES:
        st.caption(
            _("{shown} of {count} copies.").format(
                shown=_NUM_COPIES, count=wording.integer(len(conflict.paths))
            )
        )
