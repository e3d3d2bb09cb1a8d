"""Choose the pictures of a new experiment: the sample, earlier data, a folder, or an upload."""

from pathlib import Path

import streamlit as st

from automl.dataset import data_roots
from automl.errors import DataError, UserError
from automl.experiments import store
from automl.figures import wording
from automl.host import home
from automl.jobs import addresses
from automl.jobs.data_source import DataSource
from automl.texts import _
from automl.ui import cached, data_source
from automl.ui.dataset import class_by_class, data_choice

_NUM_RECENT = 5
_NUM_LOOKED_AT = 30
_HERE = "folder in view"


def show(refused: DataSource | None = None) -> None:
    """Draw the choices; a choice draws the page again with the pictures.

    Args:
        refused: data that cannot be read, whose path is to be mended.
    """
    sample, path, upload = st.columns(3, border=True)
    with sample:
        _sample()
        _recent()
    with path:
        _path("" if refused is None else addresses.of(refused.path) or str(refused.path))
    with upload:
        st.subheader(_("Upload an archive"))
        st.caption(_("A zip or tar with one folder of pictures per class, or a table beside them."))
        file = st.file_uploader(_("Zip or tar of pictures"), type=list(data_source.ARCHIVES))
        if file and st.button(_("Use this archive"), icon=":material/upload:"):
            _use(data_source.save_upload(file, file.name))
    class_by_class.show()


def _use(data: DataSource) -> None:
    data_choice.choose(data)
    st.rerun()


def _sample() -> None:
    st.subheader(_("Try the sample"))
    st.caption(_("1,797 handwritten digits in 10 classes. Trains in minutes on any machine."))
    if st.button(_("Use the digits"), type="primary", icon=":material/draw:"):
        with st.spinner(_("Writing the pictures")):
            data = data_source.digits()
        data_choice.choose(data)
        data_choice.choose_options({"test_share": data_choice.SEALED_SHARE})
        st.rerun()


def _recent() -> None:
    """Draw a button for each data set of the latest experiments that is still there."""
    found = _recent_data()
    if found:
        st.caption(_("Used lately:"))
    for data in found:
        path = wording.plain(data_source.named(str(data.path)))
        name = wording.plain(data.path.name)
        if st.button(name, icon=":material/history:", help=path, key=f"use {data.path}"):
            _use(data)


def _recent_data() -> list[DataSource]:
    found: dict[Path, DataSource] = {}
    for experiment_dir in store.experiment_dirs(home.experiments_dir())[:_NUM_LOOKED_AT]:
        try:
            data = cached.job(experiment_dir).training_data
        except (ValueError, OSError):  # that experiment says so where it is shown
            continue
        if data_source.is_within_reach(data) and not data_source.is_digits(data):
            found.setdefault(data.path, data)
    return list(found.values())[:_NUM_RECENT]


def _path(given: str) -> None:
    st.subheader(_("On this machine"))
    st.caption(
        _(
            "A folder with one sub-folder of pictures per class, a zip or tar of one, or a "
            "table of pictures and labels: CSV, TSV, Parquet, JSONL, MLTable, Label Studio, "
            "Vertex AI."
        )
    )
    with st.form("path of the pictures", border=False):  # in a form, Enter is the button
        value = given if data_source.named(given) == given else ""  # not that of an upload
        typed = st.text_input(_("Full path of the folder or file"), value, key="typed path")
        is_sent = st.form_submit_button(_("Use this path"), icon=":material/folder_open:")
    if is_sent and typed:
        try:
            data = data_source.from_path(typed)
        except UserError as error:
            st.error(wording.of_error(error))
        else:
            _use(data)
    with st.popover(_("Look for a folder"), icon=":material/folder_managed:"):
        _browser()


@st.fragment
def _browser() -> None:
    """Draw the folders below a data root, one level at a time."""
    roots = [root for root in data_roots.roots() if root.is_dir()]
    if not roots:
        st.caption(_("None of the folders that this app may read exists."))
        return
    here = Path(st.session_state.get(_HERE, roots[0]))
    st.caption(wording.plain(str(here)))
    try:
        data_roots.check(here)
        inside = sorted(path for path in here.iterdir() if _is_shown(path))
    except (DataError, OSError) as error:
        st.error(wording.of_error(error))
        inside = []
    above = (
        [here.parent] if any(here != root and here.is_relative_to(root) for root in roots) else []
    )
    names = {path: path.name for path in inside} | dict.fromkeys(above, _(".. (one level up)"))
    names |= {root: str(root) for root in roots if root != here}
    chosen = st.selectbox(
        _("Open a folder"),
        list(names),
        index=None,
        format_func=lambda path: names[path],
        key=f"folder in {here}",
        placeholder=_("{folders} here").format(folders=wording.count(len(inside), "folder")),
    )
    if chosen is not None:
        st.session_state[_HERE] = str(chosen)
        st.rerun(scope="fragment")
    if st.button(_("Use this folder"), type="primary", key="use the folder in view"):
        _use(DataSource(path=here))


def _is_shown(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith(".")
