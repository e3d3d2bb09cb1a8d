"""The app for one person (`automl app`): app.py without the sign-in middleware."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from automl.ui import error_boundary
from automl.ui.host_middleware import HostMiddleware

app = st.App(
    Path(__file__).parent / "app.py",
    middleware=[Middleware(HostMiddleware)],
    on_script_error=error_boundary.show,
)
