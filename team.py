"""The app for a team, `automl app --team`: app.py behind a door that guards all it hands out."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from automl.ui.sign_in_middleware import Door

app = st.App(Path(__file__).parent / "app.py", middleware=[Middleware(Door)])
