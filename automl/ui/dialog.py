"""Dialogs with a title in the language of the reader, which is known only when one is opened."""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec

import streamlit as st

from automl.texts import _

P = ParamSpec("P")


def dialog(title: str, **options: Any) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Let a function draw a dialog.

    Args:
        title: English text.
        options: those of `st.dialog`.
    """

    def decorate(draw: Callable[P, None]) -> Callable[P, None]:
        @functools.wraps(draw)
        def opened(*args: P.args, **kwargs: P.kwargs) -> None:
            st.dialog(_(title), **options)(draw)(*args, **kwargs)

        return opened

    return decorate
