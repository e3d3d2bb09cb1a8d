"""Experiments page: all experiments with their state and best score, newest first."""

import streamlit as st

from automl.access.permissions import Action
from automl.experiments import store
from automl.host import home
from automl.texts import _
from automl.ui import data_source, frame, links, preload, sharing_view, sign_in
from automl.ui.dataset import data_choice

row = frame.begin(_("Experiments"), frame.HOME)
experiment_dirs = store.experiment_dirs(home.experiments_dir())


def try_the_sample() -> None:
    with st.spinner(_("Writing the pictures")):
        data = data_source.digits()
    data_choice.choose(data)
    links.switch_page("pages/configure.py", query_params={"data": str(data.path)})


def first_visit() -> None:
    st.markdown(
        _(
            "From a folder of pictures to a classifier: choose pictures, press Start, watch "
            "models train, see the mistakes of the best one, try it and download it."
        )
    )
    sample, own = st.columns(2, border=True)
    with sample:
        st.subheader(_("Try the sample"))
        st.caption(
            _(
                "1,797 handwritten digits. Set up in one click, with a trained model in a "
                "few minutes."
            )
        )
        if st.button(_("Try the sample"), type="primary", icon=":material/draw:", width="stretch"):
            try_the_sample()
    with own:
        st.subheader(_("Use my pictures"))
        st.caption(_("A folder or zip with one sub-folder of pictures per class."))
        if st.button(_("Use my pictures"), icon=":material/photo_library:", width="stretch"):
            links.switch_page("pages/dataset.py")


if not experiment_dirs:
    if sign_in.may(Action.START):
        first_visit()
    else:
        st.info(_("There is no experiment yet. Analysts and admins can start one."))
    sharing_view.open_shared()
    st.stop()

with row:
    st.space("stretch")
    may_start = sign_in.may(Action.START)
    if may_start and st.button(_("New experiment"), type="primary", icon=":material/add:"):
        data_choice.choose(None)
        links.switch_page("pages/dataset.py")
    sharing_view.open_shared()
from automl.ui.home import overview  # noqa: E402 (slow; the lines above are drawn first)

overview.show(experiment_dirs)
preload.in_browser()
