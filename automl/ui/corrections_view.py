"""Putting a data set right from its page: every change is one click, and can be taken back."""

import pandas as pd
import streamlit as st

from automl.dataset.corrections import Corrections
from automl.dataset.report import Finding
from automl.ui import selection, wording

_LEAKS = ("leakage", "near_duplicate_leakage")
_ABOUT_PICTURES = (
    "single_image_class",
    "label_conflict",
    "near_duplicate_label_conflict",
    "exact_duplicates",
    "near_duplicates",
    "too_small",
    "aspect_ratio",
    "flat",
    "dark",
    "bright",
    "blurry",
)
_LEAKED = {
    "keep": "Keep them on both sides",
    "drop": "Drop them from training",
    "move": "Move them into training",
}


def action(finding: Finding, samples: pd.DataFrame, corrections: Corrections) -> None:
    """The button or choice that settles a finding, where there is one."""
    if finding.kind in _LEAKS:
        _leaked(finding.kind, corrections)
    elif finding.kind in _ABOUT_PICTURES:
        _leave_out(finding, samples, corrections)


def _leave_out(finding: Finding, samples: pd.DataFrame, corrections: Corrections) -> None:
    def take() -> None:
        hashes = samples.loc[samples["path"].isin(finding.paths), "content_hash"]
        exclude = list(dict.fromkeys([*corrections.exclude, *hashes]))
        selection.correct(corrections.model_copy(update={"exclude": exclude}))

    count = len(finding.paths)
    more = f" The first {count} of {finding.count:,}." if finding.count > count else ""
    st.button(
        "Leave out this picture" if count == 1 else f"Leave out these {count} pictures",
        icon=":material/visibility_off:",
        help="The files stay where they are." + more,
        key=f"leave out {finding.kind}",
        on_click=take,
    )


def _leaked(kind: str, corrections: Corrections) -> None:
    key = f"what to do with {kind}"

    def take() -> None:
        selection.correct(corrections.model_copy(update={"leaked": st.session_state[key]}))

    st.selectbox(
        "What to do with them",
        list(_LEAKED),
        index=list(_LEAKED).index(corrections.leaked),
        format_func=_LEAKED.__getitem__,
        key=key,
        on_change=take,
    )


def rename(class_names: list[str], given_names: list[str], corrections: Corrections) -> None:
    """Give a class another name, or that of another class to merge the two.

    Args:
        class_names: as they are now.
        given_names: as they are in the data.
        corrections: what has been changed before.
    """

    def take() -> None:
        old, new = st.session_state["class to rename"], st.session_state["new class name"].strip()
        if not new:
            return
        now = {name: corrections.rename_labels.get(name, name) for name in given_names}
        renamed = {name: new if label == old else label for name, label in now.items()}
        changed = {name: label for name, label in renamed.items() if name != label}
        selection.correct(corrections.model_copy(update={"rename_labels": changed}))
        del st.session_state["class to rename"]  # there may be no such class any more

    with st.expander("Rename or merge classes"):
        st.selectbox("Class", class_names, key="class to rename")
        st.text_input(
            "New name", key="new class name", help="The name of another class merges the two."
        )
        st.button("Rename", icon=":material/edit:", on_click=take)


def summary(corrections: Corrections) -> None:
    """What has been changed, and the way back."""
    if corrections == Corrections():
        return
    parts = []
    if corrections.exclude:
        parts.append(f"{wording.count(len(corrections.exclude), 'picture')} left out")
    parts += [f"{old} is now {new}" for old, new in corrections.rename_labels.items()]
    if corrections.leaked != "keep":
        parts.append(_LEAKED[corrections.leaked].lower())
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(wording.plain("Changed for your experiments: " + "; ".join(parts) + "."))
        st.button(
            "Undo all changes",
            icon=":material/undo:",
            on_click=selection.correct,
            args=(Corrections(),),
        )
