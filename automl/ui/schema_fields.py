"""One form field for a field of a schema: its type, range, default and help text."""

from typing import Any, get_args

import streamlit as st
from pydantic.fields import FieldInfo

KEPT: dict[str, Any] = {"persist_state": "session"}
"""Values survive a change of page."""


def title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def options(field: FieldInfo) -> tuple[Any, ...]:
    """The values of a field that has a fixed list of them."""
    if field.annotation is bool:
        return (True, False)
    return get_args(field.annotation) if not _numbers(field) else ()


def bound(field: FieldInfo, side: str, kind: Any) -> Any:
    """The least (`ge`) or the largest (`le`) value that is allowed; None where there is none."""
    found = [getattr(rule, side) for rule in field.metadata if hasattr(rule, side)]
    return kind(found[0]) if found else None


def draw(name: str, field: FieldInfo, key: str, *, unless: str = "") -> Any:
    """The value; None where an empty number leaves it to the default.

    Args:
        name: of the field.
        field: what it holds.
        key: of the widget, whose value stands in the session.
        unless: why the field has no effect now; it cannot be changed then.
    """
    common: dict[str, Any] = {
        "key": key,
        "help": f"{field.description or ''}\n\n{unless}".strip(),
        "disabled": bool(unless),
        **KEPT,
    }
    if field.annotation is bool:
        st.session_state.setdefault(key, field.default)
        return st.toggle(title(name), **common)
    if field.annotation is str:
        return st.text_input(title(name), placeholder=str(field.default), **common) or None
    if allowed := options(field):
        st.session_state.setdefault(key, field.default)
        return st.selectbox(title(name), allowed, **common)
    kind = _numbers(field)[0]
    st.session_state.setdefault(key, None)
    return st.number_input(
        title(name),
        # bounds of another type than the value are refused
        min_value=bound(field, "ge", kind),
        max_value=bound(field, "le", kind),
        value=None,
        step=1 if kind is int else None,
        format="%d" if kind is int else "%g",
        placeholder="" if field.is_required() or field.default is None else f"{field.default:g}",
        **common,
    )


def _numbers(field: FieldInfo) -> list[type]:
    kinds = get_args(field.annotation) or (field.annotation,)
    return [kind for kind in kinds if kind in (int, float)]
