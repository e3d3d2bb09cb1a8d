"""Phones, whose pages are narrow."""

import streamlit as st


def is_one() -> bool:
    """True if the browser says so; the width of its window is nothing that the server knows."""
    return "Mobi" in st.context.headers.get("User-Agent", "")
