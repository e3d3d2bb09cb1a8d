"""Correct a data set on its page: every change is one click, and can be undone."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from automl.dataset import checks, label_sets, near_duplicates
from automl.dataset.checks import FindingKind
from automl.dataset.corrections import MissingPicturesError
from automl.dataset.manifest import Manifest
from automl.dataset.rendering import Background
from automl.evaluation import natural_order
from automl.figures import wording
from automl.jobs.corrections import Corrections
from automl.jobs.tasks import TASKS
from automl.jobs.unsaved_corrections import Unsaved
from automl.texts import _, mark
from automl.ui.dataset import bulk_changes, data_choice, picture_changes, small_classes_view

if TYPE_CHECKING:
    import pandas as pd

_MAX_CHANGES = 20
_BACKGROUNDS: dict[Background, str] = {
    "white": mark("On white"),
    "grey": mark("On grey"),
    "black": mark("On black"),
    "alpha": mark("Opacity only"),
}
_USELESS = ("placeholder", "flat", "exact_duplicates", "near_duplicates")
"""Findings about pictures without which nothing is lost."""

_CHANGED = {
    "add": mark("{name} added: {value}"),
    "relabel": mark("{name} labelled: {value}"),
    "rename_labels": mark("{name} renamed to {value}"),
    "move": mark("{name} moved to {value}"),
    "notes": mark("note on {name}: {value}"),
}
"""Sentences on changes, by the key of the corrections."""

_LEAKED = {
    "keep": mark("Keep them on both sides"),
    "drop": mark("Drop them from training"),
    "move": mark("Move them into training"),
}


def action(
    name: str,
    corrected: Manifest,
    original: Manifest,
    predicted: Mapping[str, object],
) -> dict[str, bulk_changes.Answers]:
    """Draw the button or choice that settles a finding, if its kind has a remedy.

    Args:
        name: of the kind of finding.
        corrected: the data set as corrected.
        original: the data set as it is.
        predicted: classes that the first score has found, by path; empty before it.

    Returns:
        What a button makes of pictures, see `bulk_changes.effects`.
    """
    kind = checks.kinds().get(name)
    if kind is None or kind.remedy is None:
        return {}
    if kind.remedy == "settle_leaks":
        _leaked(name)
    elif kind.remedy == "choose_background":
        _background(corrected.rendering.background)
    elif kind.remedy == "choose_other_task":
        _other_tasks(name)
    elif kind.remedy == "settle_classes":
        small_classes_view.settle(name, corrected, original, predicted)
    else:
        return _leave_out(kind, corrected, original)
    return {}


def settle_at_once(corrected: Manifest, original: Manifest) -> None:
    """Draw the button for all findings whose remedy needs no judgement, if there are several."""
    known = checks.kinds()
    kinds = [known[one.kind] for one in corrected.report.findings if one.kind in known]
    useless = [kind for kind in kinds if kind.name in _USELESS]
    is_kept = data_choice.corrections().leaked == "keep"
    has_leak = is_kept and any(k.remedy == "settle_leaks" for k in kinds)
    if len(useless) + has_leak < 2:
        return
    paths = [path for kind in useless for path in _concerned(kind, corrected)]
    act = _("Settle the plain cases at once")
    st.button(
        act,
        icon=":material/auto_fix_high:",
        help=_(
            "Leaves out copies, placeholders and blank pictures, and drops those from "
            "training that are held out, too. It can be undone."
        ),
        on_click=picture_changes.leave_out,
        args=(paths, original),
        kwargs={"leaked": "drop"} if has_leak else {},
    )
    bulk_changes.effects({act: dict.fromkeys(paths)}, corrected)


def _concerned(kind: FindingKind, corrected: Manifest) -> list[str]:
    """Pictures that the remedy of a finding leaves out."""
    if kind.remedy == "leave_out_all_but_largest":
        return near_duplicates.all_but_largest(corrected.samples)
    return list(corrected.concerned[kind.name])


def _leave_out(
    kind: FindingKind, corrected: Manifest, original: Manifest
) -> dict[str, bulk_changes.Answers]:
    paths = _concerned(kind, corrected)
    words = ""
    if kind.remedy == "leave_out_all_but_largest":
        words = _("Leave out all but the largest of each group ({count})").format(
            count=wording.integer(len(paths))
        )
    act = bulk_changes.leave_out_these(paths, original, key=kind.name, words=words)
    return {act: dict.fromkeys(paths)}


def of_picture(sample: "pd.Series[Any]", corrected: Manifest, original: Manifest) -> bool:
    """Draw what can be changed about one picture.

    Args:
        sample: a row of `corrected`.
        corrected: the data set as corrected.
        original: the data set as it is.

    Returns:
        True if the picture has just been changed.
    """
    path = str(sample["path"])
    names = natural_order.names(corrected.class_names)
    label = _labels(sample, names) if label_sets.COLUMN in sample else _label(sample, names)
    is_changed = label_sets.text(label_sets.as_list(label)) != sample["label"]
    with st.container(horizontal=True):
        relabels = st.button(
            _("Change the label") if isinstance(label, str) else _("Change the labels"),
            icon=":material/edit:",
            disabled=not is_changed,
        )
        leaves_out = st.button(
            _("Leave out"),
            icon=":material/visibility_off:",
            help=_("The file stays where it is."),
            key=f"leave out {path}",
        )
        if bulk_changes.move([path], original, path) or bulk_changes.note([path], original, path):
            return True
    bulk_changes.effects({_("Leave out"): {path: None}}, corrected, moved=[path])
    if not (relabels or leaves_out):
        return False
    if leaves_out:
        picture_changes.leave_out([path], original)
    else:
        picture_changes.relabel({path: label}, original)
    return True


def _label(sample: "pd.Series[Any]", names: list[str]) -> str:
    chosen: str = st.selectbox(
        _("Label"),
        names,
        index=names.index(sample["label"]),
        accept_new_options=True,
        key=f"label of {sample['path']}",
        help=_("Choose the right label, or write a new one."),
    )
    return chosen


def _labels(sample: "pd.Series[Any]", names: list[str]) -> list[str]:
    return st.multiselect(
        _("Labels"),
        names,
        list(sample[label_sets.COLUMN]),
        accept_new_options=True,
        key=f"labels of {sample['path']}",
        placeholder=_("No label"),
        help=_("Choose the right labels, or write new ones."),
    )


def _other_tasks(kind: str) -> None:
    for task in TASKS.values():
        if task != data_choice.task():
            st.button(
                _(task.title),
                icon=":material/label:",
                help=_("Read the data so that {about_labels}.").format(
                    about_labels=_(task.about_labels)
                ),
                key=f"{task.name} for {kind}",
                on_click=data_choice.choose_task,
                args=(task.name,),
            )


def _leaked(kind: str) -> None:
    key = f"what to do with {kind}"

    def take() -> None:
        data_choice.change(leaked=st.session_state[key])

    st.selectbox(
        _("What to do with them"),
        list(_LEAKED),
        index=list(_LEAKED).index(data_choice.corrections().leaked),
        format_func=lambda name: _(_LEAKED[name]),
        key=key,
        on_change=take,
    )


def _background(current: Background) -> None:
    for name, title in _BACKGROUNDS.items():
        if name != current:
            st.button(
                _(title),
                icon=":material/format_color_fill:",
                key=f"background {name}",
                on_click=data_choice.choose_options,
                args=({"background": "" if name == "white" else name},),
            )


def rename(class_names: list[str], original: Manifest) -> None:
    """Draw the form that gives a class another name, or merges it with the class of that name.

    Args:
        class_names: after the corrections.
        original: the data set as it is.
    """

    def take() -> None:
        old, new = (
            st.session_state["class to rename"],
            st.session_state["new class name"].strip(),
        )
        if not new:
            return
        picture_changes.rename(old, new, original)
        del st.session_state["class to rename"]  # that class may no longer exist

    has_sets = data_choice.task().has_label_sets
    title = _("Rename or merge labels") if has_sets else _("Rename or merge classes")
    with st.expander(title):
        st.selectbox(
            _("Label") if has_sets else _("Class"),
            natural_order.names(class_names),
            key="class to rename",
        )
        st.text_input(
            _("New name"),
            key="new class name",
            help=_("The name of another label merges the two.")
            if has_sets
            else _("The name of another class merges the two."),
        )
        st.button(_("Rename"), icon=":material/edit:", on_click=take)


def forget_missing(error: MissingPicturesError) -> None:
    """Draw the button that takes back what was changed about pictures that are gone."""
    st.button(
        _("Take back what was changed about missing pictures ({count})").format(
            count=wording.integer(len(error.names))
        ),
        icon=":material/undo:",
        on_click=picture_changes.forget,
        args=(error.names,),
    )


def summary() -> None:
    """Draw what has been changed, with buttons that undo each change, and all of them."""
    corrections = data_choice.corrections()
    if corrections == Corrections():
        if data_choice.can_undo():
            _undo()
        elif unsaved := data_choice.unsaved():
            _offer(unsaved)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            wording.plain(
                _("Changed for your experiments: {changes}.").format(changes=_in_short(corrections))
            )
        )
        if data_choice.can_undo():
            _undo()
        with st.popover(_("Take back"), icon=":material/undo:"):
            for sentence, take_back in itertools.islice(_changes(corrections), _MAX_CHANGES):
                with st.container(horizontal=True, vertical_alignment="center"):
                    st.button(
                        _("Take back"),
                        icon=":material/undo:",
                        key=f"take back {sentence}",
                        on_click=take_back,
                    )
                    st.caption(wording.plain(sentence))
            count = sum(len(getattr(corrections, key)) for key in (*_CHANGED, "exclude"))
            if count > _MAX_CHANGES:
                st.caption(
                    _("The first {shown} of {count}.").format(
                        shown=_MAX_CHANGES, count=wording.integer(count)
                    )
                )
        st.button(
            _("Undo all changes"),
            icon=":material/undo:",
            on_click=data_choice.correct,
            args=(Corrections(),),
        )


def _offer(unsaved: Unsaved) -> None:
    """Draw the corrections that another session has left, and the buttons that take them up."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            wording.plain(
                _("Changed on {when}, and in no version: {changes}.").format(
                    when=wording.local_time(unsaved.at), changes=_in_short(unsaved.corrections)
                )
            )
        )
        st.button(
            _("Go on with these changes"),
            icon=":material/restore:",
            on_click=data_choice.go_on_with,
            args=(unsaved,),
        )
        st.button(
            _("Forget them"),
            icon=":material/delete:",
            on_click=data_choice.forget,
            args=(unsaved,),
        )


def _undo() -> None:
    st.button(_("Undo"), icon=":material/undo:", on_click=data_choice.undo, shortcut="Mod+Z")


def _in_short(corrections: Corrections) -> str:
    parts = [
        _("{old} is now {new}").format(old=old, new=new)
        for old, new in corrections.rename_labels.items()
    ]
    if corrections.add:
        parts.append(
            _("{pictures} added").format(pictures=wording.count(len(corrections.add), "picture"))
        )
    if corrections.relabel:
        parts.append(
            _("{pictures} given another label").format(
                pictures=wording.count(len(corrections.relabel), "picture")
            )
        )
    if corrections.exclude:
        parts.append(
            _("{pictures} left out").format(
                pictures=wording.count(len(corrections.exclude), "picture")
            )
        )
    if corrections.move:
        parts.append(
            _("{pictures} moved").format(pictures=wording.count(len(corrections.move), "picture"))
        )
    if corrections.notes:
        parts.append(wording.count(len(corrections.notes), "note"))
    if corrections.leaked != "keep":
        parts.append(_(_LEAKED[corrections.leaked]))
    return "; ".join(parts)


def _changes(corrections: Corrections) -> Iterator[tuple[str, Callable[[], None]]]:
    """A sentence for each change and what takes it back, the last of each kind first."""
    for key, text in _CHANGED.items():
        values = getattr(corrections, key)
        for name in reversed(values):
            sentence = _(text).format(name=name, value=_text(values[name]))
            yield sentence, partial(picture_changes.take_back, key, name)
    if corrections.leaked != "keep":
        yield _(_LEAKED[corrections.leaked]), partial(data_choice.change, leaked="keep")
    for name in reversed(corrections.exclude):
        sentence = _("{name} left out").format(name=name)
        yield sentence, partial(picture_changes.take_back, "exclude", name)


def _text(labels: str | list[str]) -> str:
    return labels if isinstance(labels, str) else label_sets.text(labels) or _("no label")
