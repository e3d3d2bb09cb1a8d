"""Draw a form field for a field of a schema, with its type, range, default and help text."""

from typing import Any, get_args

import streamlit as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from automl.figures import wording
from automl.frozen_model import field_help
from automl.texts import _

KEPT: dict[str, Any] = {"persist_state": "session"}
"""Arguments of a widget whose value survives a change of page."""

_ABBREVIATIONS = ("asha",)


def title(name: str) -> str:
    """Label of a field: `learning_rate` becomes `Learning rate`."""
    return name.upper() if name in _ABBREVIATIONS else wording.kind(name)


def help_text(model: type[BaseModel], name: str) -> str:
    """Explanation of a field, which the schema has in English."""
    return _(plain(field_help(model, name)))


def plain(text: str) -> str:
    """A text of a schema without the breaks of its lines."""
    return " ".join(text.split())


def options(field: FieldInfo) -> tuple[Any, ...]:
    """Allowed values of a field that has a fixed list of them; else empty."""
    if field.annotation is bool:
        return (True, False)
    return get_args(field.annotation) if not _number_types(field) else ()


def bound(field: FieldInfo, side: str, kind: Any) -> Any:
    """Smallest (`ge`) or largest (`le`) allowed value, as a `kind`; None if there is none."""
    bounds = [getattr(rule, side) for rule in field.metadata if hasattr(rule, side)]
    return kind(bounds[0]) if bounds else None


def draw(model: type[BaseModel], name: str, key: str, *, disabled: str = "") -> Any:
    """Draw the field and return its value; None if an empty number stands for the default.

    Args:
        model: the schema.
        name: name of the field in it.
        key: key of the widget, under which the session keeps the value.
        disabled: why the field has no effect now; it cannot be changed then.
    """
    field = model.model_fields[name]
    common: dict[str, Any] = {
        "key": key,
        "help": f"{help_text(model, name)}\n\n{disabled}".strip(),
        "disabled": bool(disabled),
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
    kind = _number_types(field)[0]
    st.session_state.setdefault(key, None)
    return st.number_input(
        title(name),
        # Streamlit refuses bounds of another type than the value
        min_value=bound(field, "ge", kind),
        max_value=bound(field, "le", kind),
        value=None,
        step=1 if kind is int else None,
        format="%d" if kind is int else "%g",
        placeholder="" if field.is_required() or field.default is None else f"{field.default:g}",
        **common,
    )


def _number_types(field: FieldInfo) -> list[type]:
    """Number types that the annotation allows."""
    kinds = get_args(field.annotation) or (field.annotation,)
    return [kind for kind in kinds if kind in (int, float)]
