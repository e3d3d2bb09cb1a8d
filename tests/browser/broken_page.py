"""Each button raises an exception in another part of a page."""

import streamlit as st

from automl.errors import DataError


def fail(where: str) -> None:
    raise RuntimeError(f"raised in the {where}")


@st.fragment
def fragment() -> None:
    if st.button("In a fragment"):
        fail("fragment")


@st.dialog("A dialog")
def dialog() -> None:
    fail("dialog")


st.title("Broken")
st.button("In a callback", on_click=fail, args=("callback",))
fragment()
if st.button("In a dialog"):
    dialog()
if st.button("By the user"):
    raise DataError("There is no picture in /data.")
if st.button("In a page"):
    fail("page")
