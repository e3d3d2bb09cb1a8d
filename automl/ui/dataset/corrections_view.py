"""Putting a data set right from its page: every change is one click, and can be taken back."""

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import streamlit as st

from automl.dataset import corrections as corrections_of
from automl.dataset import near_duplicates
from automl.dataset.manifest import Manifest
from automl.figures import wording
from automl.jobs.corrections import Corrections
from automl.ui.dataset import data_choice

if TYPE_CHECKING:
    import pandas as pd

_MAX_CHANGES = 20
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


def action(kind: str, found: Manifest, given: Manifest, corrections: Corrections) -> None:
    """The button or choice that settles a finding, where there is one.

    Args:
        kind: of the finding.
        found: the data set as corrected.
        given: the data set as it is.
        corrections: what has been changed before.
    """
    if kind in _LEAKS:
        _leaked(kind, corrections)
    elif kind in _ABOUT_PICTURES:
        _leave_out(kind, found, given, corrections)


def _leave_out(kind: str, found: Manifest, given: Manifest, corrections: Corrections) -> None:
    paths = found.concerned[kind]
    if kind == "near_duplicates":
        paths = near_duplicates.all_but_largest(found.samples)

    def take() -> None:
        names = corrections_of.names_of(paths, given.samples)
        exclude = list(dict.fromkeys([*corrections.exclude, *names]))
        data_choice.correct(corrections.model_copy(update={"exclude": exclude}))

    what = "this picture" if len(paths) == 1 else f"these {len(paths):,} pictures"
    if kind == "near_duplicates":
        what = f"all but the largest of each group ({len(paths):,})"
    elif kind == "exact_duplicates":
        what = "the copy" if len(paths) == 1 else f"the {len(paths):,} copies"
    st.button(
        f"Leave out {what}",
        icon=":material/visibility_off:",
        help="The files stay where they are.",
        key=f"leave out {kind}",
        on_click=take,
    )


def of_picture(sample: "pd.Series[Any]", found: Manifest, given: Manifest) -> bool:
    """What can be changed about one picture; whether it has just been changed.

    Args:
        sample: a row of `found`.
        found: the data set as corrected.
        given: the data set as it is.
    """
    corrections, path = data_choice.corrections(), str(sample["path"])
    label = st.selectbox(
        "Label",
        found.class_names,
        index=found.class_names.index(sample["label"]),
        accept_new_options=True,
        key=f"label of {path}",
        help="Choose the right label, or write a new one.",
    )
    with st.container(horizontal=True):
        relabels = st.button(
            "Change the label", icon=":material/edit:", disabled=label == sample["label"]
        )
        leaves_out = st.button(
            "Leave out",
            icon=":material/visibility_off:",
            help="The file stays where it is.",
            key=f"leave out {path}",
        )
    if not (relabels or leaves_out):
        return False
    (name,) = corrections_of.names_of([path], given.samples)
    change: dict[str, Any] = {"relabel": {**corrections.relabel, name: label}}
    if leaves_out:
        change = {"exclude": [*corrections.exclude, name]}
    data_choice.correct(corrections.model_copy(update=change))
    return True


def _leaked(kind: str, corrections: Corrections) -> None:
    key = f"what to do with {kind}"

    def take() -> None:
        data_choice.correct(corrections.model_copy(update={"leaked": st.session_state[key]}))

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
        relabelled = {
            name: new if label == old else label for name, label in corrections.relabel.items()
        }
        update = {"rename_labels": changed, "relabel": relabelled}
        data_choice.correct(corrections.model_copy(update=update))
        del st.session_state["class to rename"]  # there may be no such class any more

    with st.expander("Rename or merge classes"):
        st.selectbox("Class", class_names, key="class to rename")
        st.text_input(
            "New name", key="new class name", help="The name of another class merges the two."
        )
        st.button("Rename", icon=":material/edit:", on_click=take)


def summary(corrections: Corrections) -> None:
    """What has been changed, and the way back: of each change, and of all."""
    if corrections == Corrections():
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(wording.plain(f"Changed for your experiments: {_in_short(corrections)}."))
        with st.popover("Take back", icon=":material/undo:"):
            for sentence, without in itertools.islice(_changes(corrections), _MAX_CHANGES):
                with st.container(horizontal=True, vertical_alignment="center"):
                    st.button(
                        "Take back",
                        icon=":material/undo:",
                        key=f"take back {sentence}",
                        on_click=data_choice.correct,
                        args=(without,),
                    )
                    st.caption(wording.plain(sentence))
            if len(corrections.exclude) > _MAX_CHANGES:
                st.caption(f"{_MAX_CHANGES} of all changes.")
        st.button(
            "Undo all changes",
            icon=":material/undo:",
            on_click=data_choice.correct,
            args=(Corrections(),),
        )


def _in_short(corrections: Corrections) -> str:
    parts = [f"{old} is now {new}" for old, new in corrections.rename_labels.items()]
    if corrections.relabel:
        parts.append(f"{wording.count(len(corrections.relabel), 'picture')} given another label")
    if corrections.exclude:
        parts.append(f"{wording.count(len(corrections.exclude), 'picture')} left out")
    if corrections.leaked != "keep":
        parts.append(_LEAKED[corrections.leaked].lower())
    return "; ".join(parts)


def _changes(corrections: Corrections) -> Iterator[tuple[str, Corrections]]:
    """Each change in words and the corrections without it, the last of each sort first."""

    def without(**changed: Any) -> Corrections:
        return corrections.model_copy(update=changed)

    for key, how in (("relabel", "labelled"), ("rename_labels", "renamed to")):
        labels: dict[str, str] = getattr(corrections, key)
        for name in reversed(labels):
            others = {other: new for other, new in labels.items() if other != name}
            yield f"{name} {how} {labels[name]}", without(**{key: others})
    if corrections.leaked != "keep":
        yield _LEAKED[corrections.leaked], without(leaked="keep")
    for name in reversed(corrections.exclude):
        rest = [other for other in corrections.exclude if other != name]
        yield f"{name} left out", without(exclude=rest)
