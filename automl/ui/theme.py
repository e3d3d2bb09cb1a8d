"""Theme of the visitor's page."""

import streamlit as st

from automl.figures import ink


def is_dark() -> bool:
    """True if the browser says so."""
    return st.context.theme.type == "dark"


def begin() -> None:
    """Let figures ask for it."""
    ink.ask(lambda: not is_dark())
