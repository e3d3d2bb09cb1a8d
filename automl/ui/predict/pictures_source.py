"""Pictures chosen on the Predict page: uploads, a web address, the camera, a drawing."""

import hashlib
import http.client
import io
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from automl.dataset import archive_members, contained, public_http, walk
from automl.errors import PredictionError, UserError
from automl.figures import wording
from automl.prediction import input_pictures
from automl.prediction.inference import Failure
from automl.prediction.input_pictures import FoundPicture
from automl.texts import _, mark
from automl.ui import data_source
from automl.ui.predict import drawing

_OF_TABLES = [suffix.removeprefix(".") for suffix in contained.SUFFIXES]
TYPES = [*data_source.PICTURES, *data_source.ARCHIVES, *_OF_TABLES]
MAX_PICTURES = 2_000
_MAX_DOWNLOADED_BYTES = 50_000_000
_KEPT, _WAS_AWAY = "kept uploads", "away from the uploads"
_FILES, _ADDRESS, _CAMERA, _DRAWING = (
    mark("Files"),
    mark("Web address"),
    mark("Camera"),
    mark("Draw"),
)
_ICONS = {
    _FILES: ":material/upload_file:",
    _ADDRESS: ":material/link:",
    _CAMERA: ":material/photo_camera:",
    _DRAWING: ":material/draw:",
}


@dataclass(frozen=True)
class Chosen:
    """Pictures to predict."""

    key: str
    """The same for the same pictures."""

    find: Callable[[], Iterator[FoundPicture]]
    """Reads the pictures from the first one on; raises a UserError if an upload is damaged."""

    count: int
    """Expected number of pictures, for the progress bar."""


def choose(*, can_draw: bool) -> Chosen | None:
    """Draw the form; returns the chosen pictures, None if there are none.

    Args:
        can_draw: offer a canvas; for pictures like those of the sample.
    """
    kind = st.segmented_control(
        _("Pictures from"),
        [name for name in _ICONS if can_draw or name != _DRAWING],
        default=_FILES,
        required=True,
        format_func=lambda name: f"{_ICONS[name]} {_(name)}",
        key="pictures from",
        label_visibility="collapsed",
    )
    if kind != _FILES:  # an uploader that is not drawn forgets its files
        st.session_state[_WAS_AWAY] = True
    if kind == _ADDRESS:
        return _address()
    if kind == _DRAWING:
        return _drawing()
    return _camera() if kind == _CAMERA else _files()


def _files() -> Chosen | None:
    files = st.file_uploader(
        _("Your pictures, or an archive or a table of them"),
        type=TYPES,
        accept_multiple_files=True,
        key="pictures",
    )
    files = files or _from_before()
    st.session_state[_KEPT] = files
    if not files:
        return None

    def find() -> Iterator[FoundPicture]:
        found = (each for file in files for each in _in_upload(file, file.name))
        return islice(found, MAX_PICTURES)

    count = min(sum(_count(file, file.name) for file in files), MAX_PICTURES)
    return Chosen(" ".join(file.file_id for file in files), find, count)


def _from_before() -> list[UploadedFile]:
    """Files that were uploaded before the visitor looked at another source of pictures."""
    kept: list[UploadedFile] = st.session_state.get(_KEPT, [])
    if not kept or not st.session_state.get(_WAS_AWAY):
        return []
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            _("{files} from before").format(files=wording.count(len(kept), "file")), width="content"
        )
        if st.button(_("Remove them"), icon=":material/close:"):
            st.session_state[_WAS_AWAY] = False
            return []
    return kept


def _in_upload(file: BinaryIO, name: str) -> Iterator[FoundPicture]:
    if _is_picture(name):
        yield FoundPicture(name, file)
        return
    suffix = archive_members.stem_and_suffix(name)[1] or Path(name).suffix
    with tempfile.NamedTemporaryFile(suffix=suffix) as copy:
        file.seek(0)
        shutil.copyfileobj(file, copy)
        copy.flush()
        try:
            for each in input_pictures.find([Path(copy.name)]):
                yield FoundPicture(each.name.replace(copy.name, name, 1), each.picture)
        except UserError as error:
            raise PredictionError(str(error).replace(copy.name, name)) from None


def _is_picture(name: str) -> bool:
    is_table = name.lower().endswith(contained.SUFFIXES)
    return not is_table and archive_members.kind_of_name(name) is None


def _count(file: BinaryIO, name: str) -> int:
    """Expected number of pictures; 0 of a file that would have to be read for it."""
    if _is_picture(name):
        return 1
    if archive_members.kind_of_name(name) != "zip":
        return 0
    try:
        archive_members.check_directory_of(file, name)
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except (*archive_members.BROKEN, OSError):
        return 0  # the error message comes when it is read
    return sum(walk.is_picture_name(name) for name in names)


def _address() -> Chosen | None:
    url = st.text_input(
        _("Address of a picture"), placeholder="https://…", key="address of a picture"
    ).strip()
    return Chosen(f"address {url}", lambda: iter([_downloaded(url)]), 1) if url else None


def _downloaded(url: str) -> FoundPicture:
    name = public_http.shown(url)
    if not url.lower().startswith(("http://", "https://")):
        return FoundPicture(
            name, Failure(_("This is not a web address. Enter one that begins with https://."))
        )
    try:
        content = public_http.download(url, max_bytes=_MAX_DOWNLOADED_BYTES)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return FoundPicture(
            name,
            Failure(
                _("The address {reason}.").format(reason=wording.stored(public_http.reason(error)))
            ),
        )
    return FoundPicture(name, io.BytesIO(content))


def _drawing() -> Chosen | None:
    try:
        content = drawing.draw()
    except PredictionError as error:
        st.error(wording.of_error(error))
        return None
    if content is None:
        return None
    key = f"drawing {hashlib.sha256(content).hexdigest()}"
    return Chosen(key, lambda: iter([FoundPicture(_("Drawing"), io.BytesIO(content))]), 1)


def _camera() -> Chosen | None:
    taken = st.camera_input(_("Take a picture"), key="camera")
    if taken is None:
        return None
    picture = FoundPicture(_("Camera"), cast(BinaryIO, taken))
    return Chosen(taken.file_id, lambda: iter([picture]), 1)
