"""The app: settings of all pages, the navigation in the order of work, and the sign-in."""

from pathlib import Path

import streamlit as st

from automl.ui import preload, sign_in

st.set_page_config(
    # a local file: an emoji or a Material icon would be loaded from another server
    page_icon=Path(__file__).parent / ".streamlit" / "icon.png",
    layout="wide",
)
page = st.navigation(
    [
        st.Page("pages/experiments.py", title="Experiments", default=True),
        st.Page("pages/dataset.py", title="Data"),
        st.Page("pages/label.py", title="Label pictures"),
        st.Page("pages/configure.py", title="Set up"),
        st.Page("pages/progress.py", title="Train"),
        st.Page("pages/search.py", title="Search"),
        st.Page("pages/leaderboard.py", title="Leaderboard"),
        st.Page("pages/trial.py", title="One trial"),
        st.Page("pages/compare.py", title="Compare"),
        st.Page("pages/test.py", title="Test data"),
        st.Page("pages/predict.py", title="Use"),
        st.Page("pages/settings.py", title="Settings"),
    ],
    position="hidden",  # automl/ui/frame.py draws it
)
st.set_page_config(page_title=f"{page.title} · AutoML")
sign_in.require()
try:
    page.run()
finally:  # `st.stop` and `st.switch_page` end a page by an exception
    preload.start()
