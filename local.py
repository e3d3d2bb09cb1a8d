"""The app for one person (`automl app`): app.py without the sign-in middleware."""

from pathlib import Path

import streamlit as st

from automl.ui import error_boundary

app = st.App(Path(__file__).parent / "app.py", on_script_error=error_boundary.show)
