"""Faults of the form, each below the field that it speaks of."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from automl.figures import wording
from automl.jobs.job_errors import Problem
from automl.texts import _

_PLACES = "places of faults"


@dataclass
class _Place:
    """Room below a field of the form."""

    title: str
    room: DeltaGenerator
    messages: list[str] = field(default_factory=list)


def begin() -> None:
    """Forget the fields that were drawn before."""
    st.session_state[_PLACES] = {}


def place(key: str, title: str) -> None:
    """Keep room for faults below the field just drawn.

    Args:
        key: place in the job, dotted as in `Problem`; deeper places without a field count, too.
        title: label of the field, for the sentence beside Start.
    """
    st.session_state.setdefault(_PLACES, {})[key] = _Place(title, st.container())


def show(problems: Iterable[Problem]) -> list[str]:
    """Draw each problem below its field.

    Returns:
        What stands beside Start: where to look, and the problems without a field.
    """
    rest = []
    faulty: dict[str, _Place] = {}
    for problem in problems:
        if key := _field_of(problem.key):
            faulty[key] = st.session_state[_PLACES][key]
            faulty[key].messages.append(wording.stored(problem.message))
        else:
            rest.append(wording.stored(problem.message))
    for found in faulty.values():
        found.room.error(wording.plain("\n\n".join(found.messages)))
    titles = dict.fromkeys(found.title for found in faulty.values())
    if titles:
        rest.insert(0, _("To start, change: {titles}.").format(titles=", ".join(titles)))
    return rest


def _field_of(key: str) -> str:
    """The deepest field of the form on the way to a place in the job; "" without any."""
    parts = key.split(".")
    ways = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((way for way in ways if way in st.session_state.get(_PLACES, {})), "")
