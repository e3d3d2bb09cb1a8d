"""Dataset: choose the pictures of a new experiment and see whether they are healthy."""

import streamlit as st

from automl import launcher
from automl.dataset.corrections import Corrections
from automl.ui import cached, corrections_view, dataset_view, frame, selection, source, wording

frame.begin("Dataset")


def take(data: source.DataSource) -> None:
    selection.choose_data(data)
    st.rerun()


def choices() -> None:
    sample, path, upload = st.columns(3, border=True)
    with sample:
        st.subheader("Try the sample")
        st.caption("1,797 handwritten digits in 10 classes. Trains in minutes on any machine.")
        if st.button("Use the digits", type="primary", icon=":material/draw:"):
            with st.spinner("Writing the pictures"):
                data = source.digits()
            take(data)
    with path:
        st.subheader("On this machine")
        st.caption(
            "A folder with one sub-folder of pictures per class, a zip or tar of one, or a table "
            "of pictures and labels: CSV, TSV, Parquet, JSONL, MLTable, Label Studio, Vertex AI."
        )
        typed = st.text_input("Full path of the folder or file", key="typed path")
        if st.button("Use this path", icon=":material/folder_open:") and typed:
            try:
                data = source.from_path(typed)
            except ValueError as error:
                st.error(wording.plain(str(error)))
            else:
                take(data)
    with upload:
        st.subheader("Upload an archive")
        st.caption("A zip or tar with one folder of pictures per class, or a table beside them.")
        file = st.file_uploader("Zip or tar of pictures", type=list(source.ARCHIVES))
        if file and st.button("Use this archive", icon=":material/upload:"):
            take(source.save_upload(file, file.name))


def refused(error: ValueError) -> None:
    st.error(wording.plain(str(error)))
    st.markdown("Choose other pictures:")
    choices()
    st.stop()


def choose_target_column(data: source.DataSource) -> str:
    """Ask which column holds the labels, where there are columns."""
    names, chosen = cached.columns(data), selection.target_column()
    if not names:
        return chosen
    index = names.index(chosen) if chosen in names else None
    picked = st.selectbox(
        "Column of the labels",
        names,
        index=index,
        key=f"target column instead of {chosen}",
        placeholder="Choose the column that holds the labels",
        width=400,
    )
    if picked is None:
        st.info("Each row of this table is a picture. Which column says what it shows?")
        st.stop()
    selection.choose_target_column(picked)
    return picked


data = selection.chosen_data()
if data is None:
    st.info("Which pictures should the model learn from? Each class is a folder of pictures.")
    choices()
    st.stop()
try:
    target_column = choose_target_column(data)
    corrections = selection.corrections()
    given = cached.inspection(data, target_column, Corrections())
    found = cached.inspection(data, target_column, corrections)
except (ValueError, OSError) as error:  # DataError, or the path is gone
    refused(error)

launcher.warm_up()
blocked = bool(found.report.blocking)
with st.container(horizontal=True, vertical_alignment="center"):
    st.caption(wording.plain(str(data.path)))
    if st.button("Use other pictures", icon=":material/swap_horiz:"):
        selection.choose_data(None)
        st.rerun()
    if st.button("Configure", type="primary", icon=":material/arrow_forward:", disabled=blocked):
        parameters = {"data": str(data.path), "target": target_column}
        st.switch_page("pages/configure.py", query_params=parameters)
corrections_view.summary(corrections)
dataset_view.summary(found)
left, right = st.columns([3, 2], gap="medium")
with left:
    dataset_view.pictures(found)
    dataset_view.as_the_model_sees(found)
with right:
    dataset_view.findings(found, corrections)
    dataset_view.class_sizes(found.report)
    corrections_view.rename(found.class_names, given.class_names, corrections)
    dataset_view.shapes(found.report)
