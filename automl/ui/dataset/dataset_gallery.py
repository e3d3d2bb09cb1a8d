"""Draw the gallery of a data set, by class, split and finding."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import streamlit as st

from automl.dataset import gallery_filter, label_sets
from automl.dataset.gallery_filter import Filter
from automl.dataset.manifest import Manifest
from automl.evaluation import natural_order
from automl.figures import wording
from automl.texts import _
from automl.ui import gallery
from automl.ui.dataset import bulk_changes, data_choice, picture_view

_LABEL, _SPLIT, _FINDING = "class in view", "split in view", "finding in view"
_SPLITS = ("train", "validation", "test")


@st.fragment  # another filter does not change the rest of the page
def show(corrected: Manifest, original: Manifest | None) -> None:
    """Draw the gallery.

    Args:
        corrected: the data set as corrected.
        original: the data set as it is; None if nothing can be changed.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        chosen = _filter(corrected)
        rows = gallery_filter.choose(corrected, chosen)
        st.caption(wording.count(len(rows), "picture"), width="content")
        selects = original is not None and st.toggle(_("Select"), key="select pictures")

    def page_of(part: slice) -> list[gallery.Picture]:
        columns = (rows.iloc[part][name] for name in ("path", "label", "split"))
        return [
            gallery.Picture(
                Path(path),
                wording.label(label),
                split if chosen.finding else "",
                corrected.rendering,
            )
            for path, label, split in zip(*columns, strict=True)
        ]

    if original is not None and selects:
        _select(rows, page_of, corrected, original, key=str(chosen))
        return
    picked = gallery.show(len(rows), page_of, key=str(chosen), width=80, opens=True)
    if picked is not None:
        picture_view.open_at(picked, rows, corrected, original)


def _select(
    rows: pd.DataFrame,
    page_of: Callable[[slice], list[gallery.Picture]],
    corrected: Manifest,
    original: Manifest,
    *,
    key: str,
) -> None:
    """Draw a page whose pictures are chosen by clicks, with what can be done with the chosen."""
    buttons = st.container()
    # other corrections may show other pictures at the same places
    version = hash(data_choice.corrections().model_dump_json())
    chosen = gallery.choose(len(rows), page_of, key=f"{key} {version}", width=80)
    with buttons:
        if chosen:
            picked = rows.iloc[chosen]
            key = "the selected pictures"
            bulk_changes.show(picked, corrected, original, key=key, has_keys=True)
        else:
            st.caption(_("Click pictures to select them; with the shift key all in between."))


def show_finding(kind: str) -> None:
    """Set the gallery's filter to the pictures of a finding, of all classes and splits."""
    st.session_state.update({_LABEL: None, _SPLIT: None, _FINDING: kind})


def _filter(manifest: Manifest) -> Filter:
    labels = natural_order.names(manifest.class_names)
    everything = _("All labels") if label_sets.are_in(manifest.samples) else _("All classes")
    chosen_label = _choose(_("Class"), everything, labels, _LABEL)
    splits = [name for name in _SPLITS if name in manifest.report.splits]
    chosen_split = _choose(_("Split"), _("All splits"), splits, _SPLIT)
    kinds = gallery_filter.findings(manifest)
    chosen_finding = _choose(_("Finding"), _("All findings"), kinds, _FINDING)
    return Filter(chosen_label, chosen_split, chosen_finding)


def _choose(name: str, everything: str, options: list[str], key: str) -> str | None:
    if st.session_state.get(key) not in options:  # renamed, or settled
        st.session_state[key] = None
    chosen: str | None = st.selectbox(
        name,
        options,
        index=None,
        placeholder=everything,
        format_func=wording.kind if key == _FINDING else str,
        key=key,
        label_visibility="collapsed",
        width=150,
    )
    return chosen
