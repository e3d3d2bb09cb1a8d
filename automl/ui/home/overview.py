"""All experiments in rows, by data set; several at once can be compared or deleted."""

import math
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from automl.access.permissions import Action
from automl.experiments.records import ExperimentState
from automl.experiments.remarks import Remarks
from automl.figures import wording
from automl.texts import _, mark
from automl.ui import cached, deletion, guarded_actions, links
from automl.ui.home import description, experiment_row

_PER_PAGE = 12
_UNREADABLE = mark("unreadable")


class Entry(NamedTuple):
    """An experiment with what it is found by."""

    path: Path
    state: ExperimentState | None
    """None if the experiment cannot be read."""

    data: str
    """Name of the data set."""

    remarks: Remarks

    @property
    def state_name(self) -> str:
        return self.state.value if self.state else _UNREADABLE

    @property
    def text(self) -> str:
        """Everything that the search looks at, in small letters."""
        said = (self.path.name, self.data, self.remarks.title, self.remarks.note)
        return " ".join([*said, *self.remarks.tags]).lower()


def show(experiment_dirs: Sequence[Path]) -> None:
    """Draw the experiments, with a search, filters and actions on those that are ticked.

    Args:
        experiment_dirs: directories of the experiments, newest first.
    """
    entries = [_entry(path) for path in experiment_dirs]
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        found = _found(entries)
        actions = st.container(horizontal=True, width="content")
    found = _by_data(found)
    num_pages = math.ceil(len(found) / _PER_PAGE)
    rows = st.container(key="experiments", gap="xsmall")
    page = st.pagination(num_pages, key="page of experiments") if num_pages > 1 else 1
    shown = found[(page - 1) * _PER_PAGE : page * _PER_PAGE]
    if not shown:
        rows.info(_("No experiment fits the search."))
    with rows:
        _rows(shown)
    with actions:
        _actions(_only_ticked(shown))


def _entry(path: Path) -> Entry:
    try:
        state = cached.state(path)
        data = Path(cached.job(path).training_data.location).name
    except (ValueError, OSError):
        return Entry(path, None, "", Remarks())
    return Entry(path, state, data, cached.remarks_on(path))


def _found(entries: list[Entry]) -> list[Entry]:
    """Draw the search and the filters, and return the experiments that fit them."""
    text = st.text_input(
        _("Search"),
        key="search for experiments",
        placeholder=_("Search names, data, tags and notes"),
        label_visibility="collapsed",
        width=300,
    )
    chosen = {}
    offered = {
        "state": (_("Any state"), {entry.state_name for entry in entries}),
        "tag": (_("Any tag"), {tag for entry in entries for tag in entry.remarks.tags}),
    }
    for name, (any_of_them, values) in offered.items():
        chosen[name] = st.multiselect(
            any_of_them,
            sorted(values),
            key=f"{name} of experiments",
            format_func=_ if name == "state" else str,
            placeholder=any_of_them,
            label_visibility="collapsed",
            width=200,
        )
    return [
        entry
        for entry in entries
        if all(word in entry.text for word in text.lower().split())
        and (not chosen["state"] or entry.state_name in chosen["state"])
        and (not chosen["tag"] or set(chosen["tag"]) & set(entry.remarks.tags))
    ]


def _by_data(entries: list[Entry]) -> list[Entry]:
    """Those with the same data side by side; the data used last comes first."""
    order = {name: place for place, name in enumerate(dict.fromkeys(e.data for e in entries))}
    return sorted(entries, key=lambda entry: order[entry.data])


def _rows(shown: list[Entry]) -> None:
    states = [entry.state for entry in shown]
    was_running = any(state and not state.is_finished for state in states)
    ticked = _only_ticked(shown)

    @st.fragment(run_every="2s" if was_running else None)
    def rows() -> None:
        if was_running and [_entry(entry.path).state for entry in shown] != states:
            st.rerun()
        if _only_ticked(shown) != ticked:
            st.rerun()  # the buttons for the ticked ones are outside of the fragment
        for data, group in groupby(shown, key=lambda entry: entry.data):
            st.markdown(f":material/photo_library: **{wording.plain(data)}**")
            for entry in group:
                experiment_row.show(entry.path, entry.remarks, key=_ticked(entry.path))

    rows()


def _only_ticked(entries: list[Entry]) -> list[Entry]:
    return [entry for entry in entries if st.session_state.get(_ticked(entry.path))]


def _ticked(experiment_dir: Path) -> str:
    return f"ticked {experiment_dir.name}"


def _actions(ticked: list[Entry]) -> None:
    """Draw the buttons for the ticked experiments; they keep their places when none is ticked."""
    paths = [entry.path for entry in ticked]
    may_describe = len(paths) == 1 and guarded_actions.may(Action.DESCRIBE, paths[0])
    key = f"describe {hash(str([one.remarks for one in ticked]))}"  # another key closes it
    with st.popover(_("Describe"), icon=":material/edit:", disabled=not may_describe, key=key):
        if may_describe:
            description.form(paths[0])
    if st.button(_("Compare"), icon=":material/compare_arrows:", disabled=len(paths) < 2):
        address = {"experiment": paths[0].name, "other": ",".join(path.name for path in paths[1:])}
        links.switch_page("pages/compare.py", query_params=address)
    may_delete = bool(ticked) and all(deletion.may_delete(one.path, one.state) for one in ticked)
    key = f"may delete: {may_delete}"  # another key closes it after the deletion
    with st.popover(_("Delete"), icon=":material/delete:", disabled=not may_delete, key=key):
        if may_delete:
            deletion.confirm(paths)
