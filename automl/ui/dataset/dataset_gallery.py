"""The pictures of a data set by class, split and finding."""

from pathlib import Path

import streamlit as st

from automl.dataset import gallery_filter
from automl.dataset.gallery_filter import Filter
from automl.dataset.manifest import Manifest
from automl.figures import wording
from automl.ui import gallery
from automl.ui.dataset import picture_view

_LABEL, _SPLIT, _FINDING = "class in view", "split in view", "finding in view"
_SPLITS = ("train", "validation", "test")


@st.fragment  # the rest of the page does not change with what one looks at
def show(found: Manifest, given: Manifest) -> None:
    """Draw the gallery.

    Args:
        found: the data set as corrected.
        given: the data set as it is.
    """
    st.subheader("Pictures")
    wanted = _filter(found)
    rows = gallery_filter.choose(found, wanted)
    st.caption(wording.count(len(rows), "picture"))

    def page_of(part: slice) -> list[gallery.Picture]:
        columns = (rows.iloc[part][name] for name in ("path", "label", "split"))
        return [
            gallery.Picture(Path(path), label, split if wanted.finding else "")
            for path, label, split in zip(*columns, strict=True)
        ]

    picked = gallery.show(len(rows), page_of, key=str(wanted), width=80, opens=True)
    if picked is not None:
        picture_view.open_at(picked, rows, found, given)


def show_finding(kind: str) -> None:
    """Bring the pictures of a finding into view, of all classes and splits."""
    st.session_state.update({_LABEL: None, _SPLIT: None, _FINDING: kind})


def _filter(found: Manifest) -> Filter:
    label, split, finding = st.columns(3)
    with label:
        chosen_label = _choose("Class", "All classes", found.class_names, _LABEL)
    with split:
        splits = [name for name in _SPLITS if name in found.report.splits]
        chosen_split = _choose("Split", "All splits", splits, _SPLIT)
    with finding:
        chosen_finding = _choose("Finding", "Any or none", gallery_filter.findings(found), _FINDING)
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
    )
    return chosen
