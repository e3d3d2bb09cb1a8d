"""Colour of the words around a figure, which the theme of a page decides."""

from collections.abc import Callable

ON_LIGHT = "#5b6470"
"""Streamlit's own grey has a contrast of 3.7 on white; that of its dark theme can be read."""

_is_light: list[Callable[[], bool]] = []


def ask(is_light: Callable[[], bool]) -> None:
    """Let a figure ask whether the page of this thread is light."""
    _is_light[:] = [is_light]


def of_words() -> str | None:
    """The colour; None leaves it to what shows the figure: a report, or a dark page."""
    return ON_LIGHT if _is_light and _is_light[0]() else None
