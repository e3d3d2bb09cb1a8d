"""Links between pages; a language that the address names goes along with every link."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import streamlit as st

from automl.access.permissions import Action
from automl.texts import _
from automl.ui import language, sign_in


def page_link(
    page: str, label: str, *, query_params: Mapping[str, str] | None = None, **look: Any
) -> None:
    """Draw a link to a page; `look` are the other arguments of `st.page_link`."""
    st.page_link(page, label=label, query_params=language.address(query_params), **look)


def new_experiment(experiment_dir: Path) -> None:
    """Draw the link to a new experiment like this one; nothing for who may start none."""
    if sign_in.may(Action.START):
        page_link(
            "pages/configure.py",
            label=_("New experiment from this"),
            icon=":material/content_copy:",
            query_params={"copy": experiment_dir.name},
        )


def switch_page(page: str, query_params: Mapping[str, str] | None = None) -> NoReturn:
    """Open a page instead of this one."""
    st.switch_page(page, query_params=language.address(query_params))
