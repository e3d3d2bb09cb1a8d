"""The app: settings of all pages, the navigation in the order of work, and the sign-in."""

from pathlib import Path

import streamlit as st

from automl.texts import _
from automl.ui import cached, language, preload, sign_in, theme

st.set_page_config(
    # a local file: an emoji or a Material icon would be loaded from another server
    page_icon=Path(__file__).parent / ".streamlit" / "icon.png",
    layout="wide",
)
language.begin()
theme.begin()
page = st.navigation(
    [
        st.Page("pages/experiments.py", title=_("Experiments"), default=True),
        st.Page("pages/dataset.py", title=_("Data")),
        st.Page("pages/label.py", title=_("Label pictures")),
        st.Page("pages/configure.py", title=_("Set up")),
        st.Page("pages/progress.py", title=_("Train")),
        st.Page("pages/search.py", title=_("Search")),
        st.Page("pages/leaderboard.py", title=_("Leaderboard")),
        st.Page("pages/trial.py", title=_("One trial")),
        st.Page("pages/compare.py", title=_("Compare")),
        st.Page("pages/test.py", title=_("Test data")),
        st.Page("pages/predict.py", title=_("Use")),
        st.Page("pages/settings.py", title=_("Settings")),
    ],
    position="hidden",  # automl/ui/frame.py draws it
)
st.set_page_config(page_title=f"{page.title} · AutoML")
sign_in.require()
language.warn()
try:
    with cached.one_look():
        page.run()
finally:  # `st.stop` and `st.switch_page` end a page by an exception
    preload.start()
