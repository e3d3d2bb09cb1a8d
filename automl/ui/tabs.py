"""Tabs whose open one is in the address, and whose content is computed only when they are open.

On arrival the address decides which tab is open; from then on the tabs do, and the address follows.
Streamlit's own binding of tabs to the address leaves out a tab that a link has opened.
"""

from collections.abc import Callable, Mapping
from typing import NoReturn

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from automl import texts
from automl.ui import links

KEY = "tab"
"""Parameter of the address, and key in the session, with the title of the open tab."""

_PAGE = "page of the tabs"  # in the session


def show(views: Mapping[str, Callable[[], None]]) -> None:
    """Draw tabs, and the content of the open one.

    Args:
        views: title of each tab and the function that draws its content.
    """
    asked = _asked_for(list(views))
    if _is_arrival() or st.session_state.get(KEY) not in views:
        st.session_state[KEY] = asked
    tabs = st.tabs(list(views), key=KEY, on_change="rerun")
    for tab, (title, draw) in zip(tabs, views.items(), strict=True):
        if tab.open:
            if title != asked:
                st.query_params[KEY] = title
            with tab:
                draw()


def open_page(page: str, tab: str, query_params: Mapping[str, str]) -> NoReturn:
    """Open a page, or this one, at one of its tabs."""
    st.session_state.pop(_PAGE, None)
    links.switch_page(page, query_params={**query_params, KEY: tab})


def _asked_for(titles: list[str]) -> str:
    """Title of the tab in the address, which may be in another language; else the first one."""
    named = st.query_params.get(KEY, "")
    return next((title for title in (named, texts.here(named)) if title in titles), titles[0])


def _is_arrival() -> bool:
    """True if the address brings the visitor here: by a link, or back and forward."""
    context = get_script_run_ctx()
    if context is None:
        return False
    before = st.session_state.get(_PAGE)
    st.session_state[_PAGE] = context.page_script_hash
    return context.is_history_navigation or before != context.page_script_hash
