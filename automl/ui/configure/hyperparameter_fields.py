"""Form fields for hyperparameters, made from the schema."""

from collections.abc import Collection, Mapping
from typing import Any

import streamlit as st

from automl.jobs import hyperparameter_metadata as metadata
from automl.jobs.hyperparameters import FIELDS, Hyperparameters
from automl.texts import _, mark
from automl.ui import schema_fields
from automl.ui.configure import field_faults

FOLD = mark("Hyperparameters of every trial")
"""Label of the fold around the fields."""

_ELSEWHERE = ("model_name", "horizontal_flip")
GROUPS = {
    group: tuple(
        name
        for name, field in FIELDS.items()
        if metadata.group(field) is group and name not in _ELSEWHERE
    )
    for group in metadata.Group
}
"""Hyperparameters by group, without those that the form asks for elsewhere."""


def show(
    *, explicit: Collection[str] = (), blocked: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Draw all groups and return the values that differ from the defaults.

    Args:
        explicit: hyperparameters that are returned even when they are at the default.
        blocked: hyperparameters that cannot be set now, and why.
    """
    blocked = blocked or {}
    chosen: dict[str, Any] = {}
    for tab, names in zip(st.tabs([_(group) for group in GROUPS]), GROUPS.values(), strict=True):
        with tab:
            columns = st.columns(2)
            for index, name in enumerate(names):
                with columns[index % 2]:
                    disabled = blocked.get(name) or _why_without_effect(name, blocked)
                    value = field(name, disabled=disabled)
                    field_faults.place(
                        f"training_parameters.{name}",
                        f"{schema_fields.title(name)} ({_(FOLD)})",
                    )
                is_number = not schema_fields.options(FIELDS[name])
                differs = is_number or value != FIELDS[name].default
                if value is not None and not disabled and (differs or name in explicit):
                    chosen[name] = value
    return chosen


def field(name: str, *, disabled: str = "") -> Any:
    """Draw one field; return None if the model's own default applies."""
    return schema_fields.draw(Hyperparameters, name, key(name), disabled=disabled)


def initial_value(name: str) -> Any:
    """Value of the field of a hyperparameter before the user has set it."""
    return FIELDS[name].default if schema_fields.options(FIELDS[name]) else None


def key(name: str) -> str:
    """Key of the widget of a hyperparameter."""
    return f"field {name}"


def help_text(name: str) -> str:
    """Description of a hyperparameter."""
    return schema_fields.help_text(Hyperparameters, name)


def _why_without_effect(name: str, searched: Collection[str]) -> str:
    """Reason why the hyperparameter has no effect beside the values in the form, or "".

    A hyperparameter that the search space varies can take any value, so it rules out nothing.
    """
    for condition in metadata.conditions(FIELDS[name]):
        if condition.name in searched:
            continue
        value = st.session_state.get(key(condition.name))
        if value is None:  # an empty field stands for the default
            value = FIELDS[condition.name].default
        if not condition.holds(value):
            title = schema_fields.title(condition.name).lower()
            return _("Has an effect only when {title} is {allowed}.").format(
                title=title, allowed=condition.allowed
            )
    return ""
