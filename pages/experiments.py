"""Experiments page: all experiments with their state and best score, newest first."""

import streamlit as st

from automl.access.permissions import Action
from automl.experiments import store
from automl.host import home
from automl.texts import _
from automl.ui import frame, launch, links, preload, sharing_view, sign_in
from automl.ui.dataset import data_choice

row = frame.begin(_("Experiments"), frame.HOME)
launch.follow()
experiment_dirs = store.experiment_dirs(home.experiments_dir())

if not experiment_dirs:
    if sign_in.may(Action.START):
        from automl.ui.home import first_visit

        first_visit.show()
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
