"""Choice of the trials to compare: of one experiment or of several."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from automl.experiments import store
from automl.experiments.records import TrialRecord
from automl.figures import wording
from automl.host import home
from automl.texts import _
from automl.ui import cached, phone, selection

MAX_COMPARED = 8
_MAX_NAME = 36  # characters, so that two trials go into the field
_MAX_OFFERED = 200
"""Trials of an experiment to choose from, best first."""


class Side(NamedTuple):
    """One of the trials, with its experiment."""

    experiment_dir: Path
    trial: TrialRecord
    metric: str
    is_of_several: bool = False
    """The trials are of several experiments, so each is called by that of its own, too."""

    @property
    def key(self) -> str:
        """Name of the experiment and id of the trial."""
        return f"{self.experiment_dir.name}/{self.trial.trial_id}"

    @property
    def title(self) -> str:
        """Number and title of the trial, after the name of its experiment if there are several."""
        return self._after_experiment(wording.trial(self.trial))

    @property
    def short_title(self) -> str:
        """The title without what the model is called."""
        return self._after_experiment(f"#{self.trial.number}")

    @property
    def heading(self) -> str:
        """The title, as short as it has to be for a column."""
        return self.short_title if phone.is_one() else self.title

    def _after_experiment(self, name: str) -> str:
        return f"{self.experiment_dir.name} {name}" if self.is_of_several else name


def choose(experiment_dir: Path) -> list[Side]:
    """Let the user choose trials; at least two, or none, with the reason on the page.

    The address follows what is chosen, so that a reload keeps it.
    """
    what, where = st.columns([3, 1])
    names = [name for name in selection.experiment_names() if name != experiment_dir.name]
    asked_for = st.query_params.get("other", "").split(",")
    first_others = [name for name in names if name in asked_for][: MAX_COMPARED - 1]
    with where:
        others = st.multiselect(
            _("Other experiments"),
            names,
            first_others,
            key="other experiments",
            placeholder=_("Also of other experiments"),
            label_visibility="collapsed",
            max_selections=MAX_COMPARED - 1,
        )
    if others != first_others:
        st.query_params["other"] = ",".join(others)
    own = f"{experiment_dir.name}/"
    trials = st.query_params.get("trials", "").split(",")
    keys = [trial if "/" in trial else own + trial for trial in trials]
    offered = _offered(experiment_dir, keys)
    first = _first(offered, keys, enough=1 if others else 2)
    for name in others:
        directory = home.experiments_dir() / name
        try:
            of_other = _offered(directory, keys)
        except (ValueError, OSError) as error:
            st.error(wording.plain(wording.stored(store.unreadable(error, directory))))
            continue
        offered |= of_other
        first += _first(of_other, keys, enough=1)
    first = first[:MAX_COMPARED]
    with what:
        chosen = st.multiselect(
            _("Trials to compare"),
            list(offered),
            first,
            format_func=lambda key: _text(offered[key]._replace(is_of_several=bool(others))),
            key=f"trials of {' '.join([experiment_dir.name, *others])}",
            placeholder=_("Choose two trials or more"),
            label_visibility="collapsed",
            max_selections=MAX_COMPARED,
        )
    if chosen != first:
        st.query_params["trials"] = ",".join(key.removeprefix(own) for key in chosen)
    if len(offered) < 2:
        nothing, one = _("No trial has a score."), _("There is no other trial with a score.")
        st.info(one if offered else nothing)
    elif len(chosen) < 2:
        st.info(_("Choose two trials or more."))
    sides = [offered[key] for key in chosen] if len(chosen) > 1 else []
    is_of_several = len({side.experiment_dir for side in sides}) > 1
    return [side._replace(is_of_several=is_of_several) for side in sides]


def _offered(experiment_dir: Path, asked_for: Collection[str]) -> dict[str, Side]:
    """The best trials of an experiment by key, and those that the address names by theirs."""
    metric = cached.job(experiment_dir).primary_metric
    sides = [Side(experiment_dir, trial, metric) for trial in cached.ranked(experiment_dir)]
    return {
        side.key: side
        for place, side in enumerate(sides)
        if place < _MAX_OFFERED or side.key in asked_for
    }


def _first(offered: Mapping[str, Side], asked_for: Sequence[str], *, enough: int) -> list[str]:
    """Keys of the trials that the address names, if there are enough; else of the best ones."""
    keys = [key for key in asked_for if key in offered]
    return keys if len(keys) >= enough else list(offered)[:enough]


def _text(side: Side) -> str:
    if phone.is_one():  # two of them go into the field
        return f"{side.short_title} · {wording.score(side.trial.score(side.metric))}"
    limit = max(_MAX_NAME, len(side.short_title))  # its number tells it from the others
    title = side.title if len(side.title) <= limit else f"{side.title[:limit].rstrip()}…"
    return f"{title} · {wording.score_of(side.trial, side.metric)}"
