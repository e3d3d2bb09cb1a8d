"""Draw what can be done with several pictures at once: relabel, leave out, move, note."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from automl.dataset import label_sets, shrinking
from automl.dataset.manifest import Manifest
from automl.dataset.split import together
from automl.evaluation import natural_order
from automl.figures import shrinking_text, wording
from automl.texts import _, mark, ngettext
from automl.ui.dataset import picture_changes
from automl.ui.dataset.picture_changes import Split

Answers = Mapping[str, str | list[str] | None]
"""Class or labels of pictures after a change; None for those that train no more."""

_MOVES: dict[Split, str] = {
    "train": mark("To the training pictures"),
    "validation": mark("To the validation pictures"),
    "test": mark("To the test pictures"),
}


def show(
    rows: pd.DataFrame,
    corrected: Manifest,
    original: Manifest,
    *,
    key: str,
    has_keys: bool = False,
) -> None:
    """Draw the buttons for the pictures; each reruns the page, and can be undone.

    Args:
        rows: samples of `corrected`, at least one.
        corrected: the data set as corrected.
        original: the data set as it is.
        key: distinguishes these buttons from others on the page.
        has_keys: L and X on the keyboard relabel and leave out; for one set of buttons on a page.
    """
    paths = rows["path"].drop_duplicates().tolist()
    st.markdown(f"**{wording.count(len(paths), 'picture')}**")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        is_changed = _relabel(paths, corrected, original, key, has_keys=has_keys)
        is_changed |= _leave_out(paths, original, key, has_keys=has_keys)
        is_changed |= move(paths, original, key)
        is_changed |= note(paths, original, key)
    if is_changed:
        st.rerun()
    effects({_("Relabel or leave out"): dict.fromkeys(paths)}, corrected, moved=paths)


def _relabel(
    paths: list[str], corrected: Manifest, original: Manifest, key: str, *, has_keys: bool
) -> bool:
    chosen = _right_label(corrected, key)
    if not st.button(
        _("Relabel"),
        icon=":material/edit:",
        key=f"relabel {key}",
        disabled=not chosen,
        shortcut="l" if has_keys else None,
    ):
        return False
    assert chosen
    picture_changes.relabel(dict.fromkeys(paths, chosen), original)
    return True


def _right_label(corrected: Manifest, key: str) -> str | list[str] | None:
    """The label that the pictures should have, or the labels; None or empty at first."""
    names = natural_order.names(corrected.class_names)
    title, width = _("Right label"), 200
    if label_sets.are_in(corrected.samples):
        return st.multiselect(
            title,
            names,
            accept_new_options=True,
            placeholder=title,
            label_visibility="collapsed",
            key=f"label of {key}",
            width=width,
        )
    return st.selectbox(
        title,
        names,
        index=None,
        accept_new_options=True,
        placeholder=title,
        label_visibility="collapsed",
        key=f"label of {key}",
        width=width,
    )


def _leave_out(paths: list[str], original: Manifest, key: str, *, has_keys: bool) -> bool:
    if not st.button(
        _("Leave out"),
        icon=":material/visibility_off:",
        help=_("The files stay where they are; it can be undone."),
        key=f"leave out {key}",
        shortcut="x" if has_keys else None,
    ):
        return False
    picture_changes.leave_out(paths, original)
    return True


def effects(acts: Mapping[str, Answers], corrected: Manifest, *, moved: Sequence[str] = ()) -> None:
    """Say before a click what it would leave of the classes that it makes small.

    Args:
        acts: by the words on a button, what it makes of pictures, see `shrinking.shrunk`.
        corrected: the data set as corrected.
        moved: paths of pictures that *Move* would make test pictures.
    """
    samples = corrected.samples
    found = {act: shrinking.shrunk(samples, answers) for act, answers in acts.items()}
    if moved:
        groups = pd.Series(together(samples), samples.index)
        are_moved = groups.isin(groups[samples["path"].isin(list(moved))])
        left = dict.fromkeys(samples.loc[are_moved, "path"])
        found[_("Move to the test pictures")] = shrinking.shrunk(samples, left, are_held_out=True)
    of_effects: dict[str, list[str]] = {}
    for act, classes in found.items():
        if classes:
            of_effects.setdefault(shrinking_text.sentences(classes), []).append(act)
    for effect, words in of_effects.items():
        text = _("{acts}: {effect}").format(acts=" · ".join(words), effect=effect)
        st.caption(f":material/warning: {wording.plain(text)}")


def leave_out_these(
    paths: Sequence[str],
    original: Manifest,
    *,
    key: str,
    words: str = "",
) -> str:
    """Draw the button that leaves the pictures out; returns the words on it.

    Args:
        paths: of the pictures.
        original: the data set as it is.
        key: distinguishes this button from others on the page.
        words: label of the button; how many pictures it leaves out if omitted.
    """
    these = ngettext("Leave out this picture", "Leave out these {count} pictures", len(paths))
    words = words or these.format(count=wording.integer(len(paths)))
    st.button(
        words,
        icon=":material/visibility_off:",
        help=_("The files stay where they are."),
        key=f"leave out {key}",
        on_click=picture_changes.leave_out,
        args=(paths, original),
    )
    return words


def apply_safe(
    count: int,
    labels: Mapping[str, str | list[str]],
    original: Manifest,
    *,
    explanation: str,
) -> str:
    """Draw the button that applies all suggestions that need no judgement; returns its words.

    Args:
        count: number of those suggestions.
        labels: what they make of the pictures, by path.
        original: the data set as it is.
        explanation: which suggestions need no judgement.
    """
    words = _("Apply the safe ones ({count})").format(count=wording.integer(count))
    st.button(
        words,
        icon=":material/auto_fix_high:",
        help=explanation,
        on_click=picture_changes.relabel,
        args=(labels, original),
    )
    return words


def move(paths: list[str], original: Manifest, key: str) -> bool:
    """Draw the choice; returns True if the pictures have just been moved."""
    with st.popover(_("Move"), icon=":material/drive_file_move:", key=f"move {key}"):
        st.caption(_("Copies, near copies and pictures of the same group go with them."))
        for split, title in _MOVES.items():
            if st.button(_(title), key=f"move to {split} {key}"):
                picture_changes.move(paths, split, original)
                return True
    return False


def note(paths: list[str], original: Manifest, key: str) -> bool:
    """Draw the text; returns True if the pictures have just been noted."""
    before = picture_changes.note_of(paths[0], original)
    with st.popover(_("Note"), icon=":material/sticky_note_2:", key=f"note {key}"):
        text = st.text_input(
            _("Note"), before, key=f"text of note {key}", label_visibility="collapsed"
        )
        # never greyed: the click on it leaves the field, before the page knows the text
        if not st.button(_("Write it down"), key=f"write note {key}") or text == before:
            return False
    picture_changes.note(paths, text, original)
    return True
