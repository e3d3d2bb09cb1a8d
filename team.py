"""The app for a team (`automl app --team`): app.py with sign-in."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from automl.ui import error_boundary
from automl.ui.host_middleware import HostMiddleware
from automl.ui.sign_in_middleware import SignInMiddleware

app = st.App(
    Path(__file__).parent / "app.py",
    middleware=[Middleware(HostMiddleware), Middleware(SignInMiddleware)],
    on_script_error=error_boundary.show,
)
