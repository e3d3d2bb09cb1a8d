"""The choice of one label among doubtful ones."""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol, TypeVar

import streamlit as st

from automl.figures import wording
from automl.texts import _


class _Doubt(Protocol):
    @property
    def label(self) -> str: ...


_AnyDoubt = TypeVar("_AnyDoubt", bound=_Doubt)


def choose(doubts: Sequence[_AnyDoubt], *, key: str) -> list[_AnyDoubt]:
    """Draw the choice of a label, if several are in doubt; returns the doubts about it."""
    counts = Counter(doubt.label for doubt in doubts)
    chosen = None
    if len(counts) > 1:
        chosen = st.selectbox(
            _("Of the label"),
            [None, *(name for name, _ in counts.most_common())],
            format_func=lambda name: (
                _("all labels") if name is None else f"{name} ({wording.integer(counts[name])})"
            ),
            key=f"label in doubt of {key}",
            width=240,
        )
    return [doubt for doubt in doubts if chosen in (None, doubt.label)]
