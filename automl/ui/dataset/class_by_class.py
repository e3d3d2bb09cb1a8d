"""Build a small data set class by class, with the camera or from loose files."""

from pathlib import Path, PurePath

import streamlit as st

from automl.dataset import collected, walk
from automl.errors import DataError
from automl.figures import wording
from automl.jobs.data_source import DataSource
from automl.texts import _, mark
from automl.ui import data_source, gallery
from automl.ui.dataset import data_choice

_CAMERA, _FILES = mark("Camera"), mark("Files")
_ROUND = "round of collected pictures"
_NUM_SHOWN = 8
_CAMERA_PIXELS = 320


def show() -> None:
    """Draw the fold; *Use these pictures* draws the page again with the data set."""
    with st.expander(_("Class by class: with the camera, or from loose files")):
        _collect()


@st.fragment
def _collect() -> None:
    names, source = st.columns([3, 2], gap="medium")
    with names:
        named, labelled = st.columns(2)
        name = named.text_input(_("Name of the data set"), "my pictures", key="collected set")
        label = labelled.text_input(
            _("Class"), key="collected class", placeholder=_("For example cat")
        )
    try:
        folder = collected.folder(name)
        label = collected.checked_class(folder, label) if label else ""
    except DataError as error:
        st.error(wording.of_error(error))
        return
    with source:
        _take(folder, label)
    with names:
        _show(folder)


def _take(folder: Path, label: str) -> None:
    """Draw the camera or the uploader; what they give becomes pictures of the class."""
    kind = st.segmented_control(
        _("Pictures from"),
        [_CAMERA, _FILES],
        default=_CAMERA,
        format_func=_,
        required=True,
        key="collected from",
    )
    if not label:
        st.caption(_("Name a class first."))
        return
    # with another key the camera is ready for the next picture, and the uploader empty
    number = st.session_state.get(_ROUND, 0)
    if kind == _CAMERA:
        taken = st.camera_input(
            _("A picture of {label}").format(label=wording.plain(label)),
            key=f"camera of class {number}",
            width=_CAMERA_PIXELS,
        )
        files = [taken] if taken else []
    else:
        files = st.file_uploader(
            _("Pictures of {label}").format(label=wording.plain(label)),
            type=list(data_source.PICTURES),
            accept_multiple_files=True,
            key=f"files of class {number}",
        )
    if not files:
        return
    for file in files:
        suffix = PurePath(file.name).suffix.lower()
        known = suffix if walk.is_picture_name(f"a{suffix}") else ".jpg"
        collected.add(folder, label, file.getvalue(), known)
    st.session_state[_ROUND] = number + 1
    st.rerun(scope="fragment")


def _show(folder: Path) -> None:
    found = collected.pictures(folder)
    for label, files in found.items():
        row, undo = st.columns([5, 1], vertical_alignment="center")
        with row:
            st.markdown(f"**{wording.plain(label)}** {wording.count(len(files), 'picture')}")
            pictures = [gallery.Picture(path, "") for path in files[:_NUM_SHOWN]]
            gallery.strip(pictures, width=44, key=f"collected {label}")
        undo.button(
            "",
            icon=":material/undo:",
            key=f"remove the last of {label}",
            help=_("Remove the latest picture of {label}.").format(label=wording.plain(label)),
            on_click=files[0].unlink,
            kwargs={"missing_ok": True},  # after a second click it is gone already
        )
    if st.button(
        _("Use these pictures"), type="primary", icon=":material/check:", disabled=len(found) < 2
    ):
        data_choice.choose(DataSource(path=folder))
        st.rerun()
    if len(found) < 2:
        st.caption(_("Two classes are the least; ten pictures of each make a first model."))
