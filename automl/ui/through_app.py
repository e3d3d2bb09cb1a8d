"""Every page runs through app.py, also if a direct link opens it."""

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager


def rerun() -> None:
    """Run the page again through app.py if Streamlit has run it without.

    If a folder is called pages/, Streamlit runs a page opened by a direct link without app.py
    until somebody visits the root: the page has no navigation and a narrow layout. This switches
    it off.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()
