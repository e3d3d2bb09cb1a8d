"""An app for a test, started like the real one; its page raises exceptions."""

from pathlib import Path

import streamlit as st

from automl.ui import error_boundary

app = st.App(Path(__file__).parent / "broken_page.py", on_script_error=error_boundary.show)
