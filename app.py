"""The app: settings of all pages, the navigation in the order of work, and the sign-in."""

from pathlib import Path

import streamlit as st

from automl.access.permissions import Action
from automl.ui import preload, sign_in

st.set_page_config(
    page_title="AutoML Image Classification",
    # a local file: an emoji or a Material icon would be loaded from another server
    page_icon=Path(__file__).parent / ".streamlit" / "icon.png",
    layout="wide",
)
page = st.navigation(
    [
        st.Page("pages/experiments.py", title="Experiments", icon=":material/home:", default=True),
        st.Page("pages/dataset.py", title="Dataset", icon=":material/photo_library:"),
        st.Page("pages/configure.py", title="Configure", icon=":material/tune:"),
        st.Page("pages/progress.py", title="Progress", icon=":material/monitoring:"),
        st.Page("pages/search.py", title="Search", icon=":material/insights:"),
        st.Page("pages/leaderboard.py", title="Leaderboard", icon=":material/leaderboard:"),
        st.Page("pages/trial.py", title="Trial", icon=":material/grid_on:"),
        st.Page("pages/compare.py", title="Compare", icon=":material/compare_arrows:"),
        st.Page("pages/test.py", title="Test", icon=":material/lock:"),
        st.Page("pages/predict.py", title="Predict", icon=":material/center_focus_strong:"),
        st.Page("pages/settings.py", title="Settings", icon=":material/settings:"),
    ],
    position="top" if sign_in.may(Action.LOOK) else "hidden",
)
sign_in.require()
try:
    page.run()
finally:  # `st.stop` and `st.switch_page` end a page by an exception
    preload.start()
