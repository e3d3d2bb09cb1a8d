"""How a program asks the best model: the command that serves it, and a request."""

from pathlib import Path

import streamlit as st

from automl.host import home
from automl.texts import _


def show(experiment_dir: Path) -> None:
    """Draw the command and the request, folded."""
    with st.expander(_("Ask it from a program"), icon=":material/terminal:"):
        st.caption(_("In a terminal on this machine:"))
        command = f"automl serve {home.reference(experiment_dir)}"
        st.code(command, language="shell", wrap_lines=True)
        st.caption(_("Then, for a picture:"))
        request = "curl -F files=@picture.jpg http://127.0.0.1:8080/predict"
        st.code(request, language="shell", wrap_lines=True)
