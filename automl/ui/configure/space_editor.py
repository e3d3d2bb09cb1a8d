"""Editor of a search space: sub-spaces of hyperparameters with their values."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

from automl.jobs import distributions, model_catalog
from automl.jobs.distributions import DISTRIBUTIONS, Choice, LogUniform
from automl.jobs.hyperparameters import FIELDS, is_searchable
from automl.texts import _
from automl.ui import schema_fields
from automl.ui.configure import field_faults, model_places
from automl.ui.configure.hyperparameter_fields import help_text
from automl.ui.schema_fields import KEPT

_ROWS = "space rows"
_FIXED = "fixed"
_KINDS = (_FIXED, *distributions.NAMES)
_WHOLE_KINDS = (_FIXED, "choice", "randint", "quniform", "qloguniform", "qnormal", "qlognormal")


def show(sampler: str) -> list[dict[str, Any]]:
    """Draw the editor and return the search space as the job has it.

    Args:
        sampler: the sampling algorithm; only distributions that it can draw are offered.
    """
    if _ROWS not in st.session_state:
        load([_first_sub_space()])
    rows: list[tuple[int, int]] = st.session_state[_ROWS]
    sub_spaces = []
    for place, index in enumerate(sorted({sub_space for sub_space, _row in rows})):
        with st.container(border=True):
            st.caption(
                _("Sub-space {index}: a trial draws all of its values from one of them.").format(
                    index=index + 1
                )
            )
            sub_space: dict[str, Any] = {}
            for _index, row in [row for row in rows if row[0] == index]:
                name, value = _row(row, index, sampler)
                field_faults.place(f"search_space.{place}.{name}", schema_fields.title(name))
                if value is not None:
                    sub_space[name] = value
            field_faults.place(
                f"search_space.{place}",
                _("Sub-space {index}").format(index=index + 1),
            )
            st.button(
                _("Add a hyperparameter"),
                key=f"add to {index}",
                icon=":material/add:",
                on_click=_add,
                args=(index,),
            )
        sub_spaces.append(sub_space)
    st.button(
        _("Add a sub-space"),
        icon=":material/add:",
        help=_("Models that need different values get a sub-space each."),
        on_click=_add,
        args=(1 + max((sub_space for sub_space, _row in rows), default=-1),),
    )
    return sub_spaces


def load(sub_spaces: Iterable[Mapping[str, Any]]) -> None:
    """Fill the editor; call it before the editor is drawn."""
    st.session_state[_ROWS] = []
    for index, sub_space in enumerate(sub_spaces):
        for name, value in sub_space.items():
            row = _new_row(index)
            st.session_state[f"space name {row}"] = name
            _load_value(row, name, value)


def _first_sub_space() -> dict[str, Any]:
    return {
        "model_name": Choice(type="choice", values=model_places.preferred(2)),
        "learning_rate": LogUniform(type="loguniform", min_value=-7.0, max_value=-4.0),
    }


def _load_value(row: int, name: str, value: Any) -> None:
    if _choices(name):
        values = value.values if isinstance(value, Choice) else [value]
        st.session_state[f"space options {row}"] = list(values)
        return
    if not isinstance(value, DISTRIBUTIONS):
        kind, arguments = _FIXED, [value]
    elif isinstance(value, Choice):
        kind, arguments = "choice", value.values
    else:
        kind = value.type
        arguments = [getattr(value, key) for key in distributions.arguments(kind)]
    st.session_state[f"space kind {row}"] = kind
    st.session_state[f"space values {row}"] = ", ".join(str(argument) for argument in arguments)


def _new_row(sub_space: int) -> int:
    row = st.session_state.get("last space row", 0) + 1
    st.session_state["last space row"] = row
    st.session_state[_ROWS] = [*st.session_state.get(_ROWS, []), (sub_space, row)]
    return int(row)


def _add(sub_space: int) -> None:
    free = _free_names(sub_space)
    row = _new_row(sub_space)
    st.session_state[f"space name {row}"] = "learning_rate" if "learning_rate" in free else free[0]


def _free_names(sub_space: int, row: int | None = None) -> list[str]:
    """Names that no other row of the sub-space has; of two rows, one would be lost."""
    rows = [each for index, each in st.session_state[_ROWS] if index == sub_space and each != row]
    taken = {st.session_state.get(f"space name {each}") for each in rows}
    return [name for name in FIELDS if is_searchable(name) and name not in taken]


def _remove(row: int) -> None:
    st.session_state[_ROWS] = [kept for kept in st.session_state[_ROWS] if kept[1] != row]


def _row(row: int, sub_space: int, sampler: str) -> tuple[str, Any]:
    """Draw the row of a hyperparameter; return its name and its values, or None without any."""
    which, rest, end = st.columns([4, 8, 1], vertical_alignment="bottom")
    name = which.selectbox(
        _("Hyperparameter"),
        _free_names(sub_space, row),
        key=f"space name {row}",
        format_func=schema_fields.title,
        **KEPT,
    )
    end.button("", key=f"remove {row}", icon=":material/delete:", on_click=_remove, args=(row,))
    note = ""
    if choices := _choices(name):
        with rest:
            value = _some_of(row, name, choices)
        if name == "model_name" and value is not None:
            note = model_places.summary(st.session_state[f"space options {row}"])
    else:
        how, values = rest.columns([3, 5], vertical_alignment="bottom")
        with how:
            kind = _kind(row, name, sampler)
        with values:
            text = _arguments(row, name, kind)
        value = (text if kind == _FIXED else f"{kind}({text})") if text else None
        note = _powers(text) if "log" in kind else ""
    if note:  # below the row, whose fields stand in one line
        st.caption(note)
    return name, value


def _some_of(row: int, name: str, choices: tuple[Any, ...]) -> Any:
    chosen = st.multiselect(
        _("Values"),
        choices,
        key=f"space options {row}",
        help=help_text(name),
        accept_new_options=name == "model_name",
        **KEPT,
    )
    if len(chosen) <= 1:
        return next(iter(chosen), None)
    return {"type": "choice", "values": chosen}


def _kind(row: int, name: str, sampler: str) -> str:
    key = f"space kind {row}"
    is_whole = FIELDS[name].annotation is int
    kinds = _WHOLE_KINDS if is_whole else _KINDS
    offered = [kind for kind in kinds if distributions.draws_from(sampler, kind)]
    if st.session_state.get(key) not in offered:
        st.session_state[key] = "choice"
    left_out = [kind for kind in _KINDS if kind not in offered]
    why = (
        _("Whole numbers and {sampler} sampling cannot use {kinds}.")
        if is_whole
        else _("{sampler} sampling cannot use {kinds}.")
    )
    chosen: str = st.selectbox(
        _("Drawn from"),
        offered,
        key=key,
        help=why.format(sampler=sampler, kinds=", ".join(left_out)) if left_out else None,
        **KEPT,
    )
    return chosen


def _arguments(row: int, name: str, kind: str) -> str:
    keys = {_FIXED: ["value"], "choice": ["values, with commas"]}.get(kind)
    label = ", ".join(keys or distributions.arguments(kind))
    about = help_text(name)
    if "log" in kind:
        about += " " + _("The bounds are natural logarithms: -7 is 0.00091, -4 is 0.018.")
    field = schema_fields.title(label)
    text: str = st.text_input(field, key=f"space values {row}", help=about, **KEPT)
    return text.strip()


def _powers(text: str) -> str:
    """Return a sentence with the values of which the logarithms were typed."""
    try:
        low, high = (math.exp(float(word)) for word in text.split(",")[:2])
    except (ValueError, OverflowError):
        return ""
    return _("From {low:.3g} to {high:.3g}.").format(low=low, high=high)


def _choices(name: str) -> tuple[Any, ...]:
    if name == "model_name":
        return tuple(model_catalog.MODELS)
    return schema_fields.options(FIELDS[name])
