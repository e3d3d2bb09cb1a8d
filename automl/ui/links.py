"""Links between pages; a language that the address names goes along with every link."""

from collections.abc import Mapping
from typing import Literal, NoReturn

import streamlit as st

from automl.ui import language


def page_link(
    page: str,
    label: str,
    *,
    icon: str | None = None,
    icon_position: Literal["left", "right"] = "left",
    query_params: Mapping[str, str] | None = None,
    width: int | Literal["stretch", "content"] = "content",
    help: str | None = None,  # noqa: A002 (Streamlit's word)
) -> None:
    """Draw a link to a page; the arguments are those of `st.page_link`."""
    parameters = language.address(query_params)
    st.page_link(
        page,
        label=label,
        icon=icon,
        icon_position=icon_position,
        query_params=parameters,
        width=width,
        help=help,
    )


def switch_page(page: str, query_params: Mapping[str, str] | None = None) -> NoReturn:
    """Open a page instead of this one."""
    st.switch_page(page, query_params=language.address(query_params))
