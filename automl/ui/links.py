"""Links between pages; a language that the address names goes along with every link."""

from collections.abc import Mapping
from typing import Any, NoReturn

import streamlit as st

from automl.ui import language


def page_link(
    page: str, label: str, *, query_params: Mapping[str, str] | None = None, **look: Any
) -> None:
    """Draw a link to a page; `look` are the other arguments of `st.page_link`."""
    st.page_link(page, label=label, query_params=language.address(query_params), **look)


def switch_page(page: str, query_params: Mapping[str, str] | None = None) -> NoReturn:
    """Open a page instead of this one."""
    st.switch_page(page, query_params=language.address(query_params))
