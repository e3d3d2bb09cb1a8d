"""Tabs whose open one is in the address, and whose content is computed only when they are open."""

from collections.abc import Callable, Mapping

import streamlit as st

from automl import texts

KEY = "tab"
"""Parameter of the address, and key in the session, with the title of the open tab."""

OPEN = "open"
"""Parameter with the title of a tab to open, for a page that may have tabs itself: there Streamlit
lets nobody but the tabs set `KEY`."""


def show(views: Mapping[str, Callable[[], None]]) -> None:
    """Draw tabs, and the content of the open one.

    Args:
        views: title of each tab and the function that draws its content.
    """
    here = st.query_params.get(KEY)
    asked = st.query_params.pop(OPEN, here)
    if asked is not None and asked not in views:  # a link, or the tab, in another language
        asked = texts.here(asked)
    if asked != here and asked in views:
        st.session_state[KEY] = asked
    tabs = st.tabs(list(views), key=KEY, on_change="rerun", bind="query-params")
    for tab, draw in zip(tabs, views.values(), strict=True):
        if tab.open:
            with tab:
                draw()
