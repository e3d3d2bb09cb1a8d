"""Trials as a ranked table; a click on a name opens the trial, ticks compare."""

import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from automl.experiments import endings, leaderboard
from automl.experiments.records import TrialState
from automl.figures import wording
from automl.texts import _, again
from automl.ui import cached, links, phone
from automl.ui.version_cache import for_version

_MAX_NARROW = 100
_LETTER_PIXELS, _SMALL_LETTER_PIXELS, _CELL_PIXELS = 7.5, 6.5, 36
_LEAST_MODEL_PIXELS = 110
_NARROW_MODEL_PIXELS, _NUMBER_PIXELS = 195, 20
_MODEL_AND_SCORE_PIXELS = 442  # the times, which are last, are whole in a window of 1280 pixels
_NUMBER = st.column_config.NumberColumn
_TEXT = st.column_config.TextColumn


def show(experiment_dir: Path) -> None:
    """Draw the trials of an experiment, best first."""
    table = _table(experiment_dir)
    shown = [name for name in table.columns if name != "trial_id"]
    metric = cached.job(experiment_dir).primary_metric
    choose(table, shown, config(metric), experiment=experiment_dir.name, key="trial table")


@for_version(cached.content, max_entries=50)
def _table(experiment_dir: Path) -> pd.DataFrame:
    trials = cached.trials(experiment_dir)
    table = columns(leaderboard.rank(trials, cached.job(experiment_dir).primary_metric))
    if places := wording.places(trials):
        table.insert(list(table).index("epochs"), "place", table["trial_id"].map(places))
    return table


def choose(
    table: pd.DataFrame, shown: list[str], config: dict[str, Any], *, experiment: str, key: str
) -> None:
    """Draw a table; a click on the name of a trial opens its page, ticks are for comparing.

    Args:
        table: one row for each trial, with the column `trial_id`.
        shown: names of the visible columns, in this order.
        config: headings and formats of the columns (see `config`).
        experiment: name of the experiment.
        key: unique name of the table.
    """
    trial_ids: list[str] = table["trial_id"].tolist()
    to_open, ticked = (
        f"trial of the {key} to open",
        f"ticked trials of the {key} of {experiment}",
    )

    def remember(key: str) -> None:
        # Streamlit runs this before the page is drawn again. The row number belongs to the rows
        # as they were when the user clicked; in the new table a trial may have moved up.
        st.session_state[ticked] = [trial_ids[row] for row in st.session_state[key].selection.rows]

    def open_trial(key: str) -> None:
        st.session_state[to_open] = trial_ids[st.session_state[key].row]

    def draw(rows: pd.DataFrame, config: dict[str, Any], key: str) -> None:
        ticks = st.session_state.get(ticked, [])
        wanted = [row for row, each in enumerate(trial_ids[: len(rows)]) if each in ticks]
        state = st.session_state.get(key)
        if wanted != (sorted(state["selection"]["rows"]) if state else []):
            # the browser ticks places, where other trials are after another order or filter
            st.session_state[key] = {"selection": {"rows": wanted}}
        # a selected cell would be opened by whoever walks through the table with the keyboard
        names = st.column_config.ButtonColumn(
            config["model"]["label"],
            width=config["model"]["width"],
            alignment="left",
            type="secondary",  # under the pointer, words of a tertiary one are in the dark accent
            on_click=open_trial,
            args=(f"name in {key}",),
            key=f"name in {key}",
        )
        st.dataframe(
            rows,
            key=key,
            hide_index=True,
            on_select=partial(remember, key),
            selection_mode="multi-row",
            column_config={**config, "model": names},
            placeholder=wording.NOTHING,
            alt=_("Trials, best first"),
        )

    if not phone.is_one():
        width = _model_pixels(config["score"], table["model"])
        models = [_short(title, width) for title in table["model"]]
        rows = table[shown].assign(model=models)  # what is hidden would be sent, too
        draw(rows, {**config, "model": _TEXT(config["model"]["label"], width=width)}, key)
    else:
        draw(_narrow(table), _narrow_config(config), f"narrow {key}")
        if len(table) > _MAX_NARROW:
            st.caption(
                _("The best {shown} of {count} trials.").format(
                    shown=_MAX_NARROW, count=wording.integer(len(table))
                )
            )
    names = dict(zip(trial_ids, _titles(table), strict=True))
    chosen = {each: names[each] for each in st.session_state.get(ticked, []) if each in names}
    _ways_on(experiment, chosen)
    if trial_id := st.session_state.pop(to_open, None):
        parameters = {"experiment": experiment, "trial": trial_id}
        links.switch_page("pages/trial.py", query_params=parameters)


def _model_pixels(score: Any, titles: "pd.Series[str]") -> int:
    """Width of the titles of models, as far as the last columns are whole then."""
    needed = _CELL_PIXELS + _LETTER_PIXELS * titles.str.len().max()
    room: int = _MODEL_AND_SCORE_PIXELS - score["width"]
    return math.ceil(max(_LEAST_MODEL_PIXELS, min(needed, room)))


def _short(title: str, pixels: int) -> str:
    """The title as it fits: without what a plus says anyway, then without its middle.

    Titles of one experiment often differ in their last words alone.
    """
    if not title.startswith("ensemble"):
        title = title.replace(", concatenated probe", "")
    limit = int((pixels - _CELL_PIXELS) / _SMALL_LETTER_PIXELS)
    num_last = limit * 2 // 3
    if len(title) <= limit:
        return title
    return f"{title[: limit - num_last - 1]}…{title[-num_last:]}"


def _narrow(table: pd.DataFrame) -> pd.DataFrame:
    """The first rows of a table, as wide as a phone: name, and score or state."""
    table = table.head(_MAX_NARROW)
    values = zip(*(table[name] for name in ("score", "half", "state")), strict=True)
    scores = [
        state if pd.isna(score) else f"{score:.3f} {half}".strip() for score, half, state in values
    ]
    models = [_short(title, _NARROW_MODEL_PIXELS - _NUMBER_PIXELS) for title in table["model"]]
    return pd.DataFrame({"model": _titles(table.assign(model=models)), "score": scores})


def _titles(table: pd.DataFrame) -> list[str]:
    """Number and model of each trial."""
    values = zip(table["number"], table["model"], strict=True)
    return [f"#{number} {model}" for number, model in values]


def _narrow_config(config: dict[str, Any]) -> dict[str, Any]:
    return {
        "model": _TEXT(config["model"]["label"], width=_NARROW_MODEL_PIXELS),
        "score": _TEXT(config["score"]["label"], width=120, alignment="right"),
    }


def _ways_on(experiment: str, ticked: Mapping[str, str]) -> None:
    """Draw a link to the ticked trial, which a keyboard reaches, or to compare several.

    Args:
        experiment: name of the experiment.
        ticked: ids of the ticked trials with their titles.
    """
    trial_ids = list(ticked)
    with st.container(horizontal=True, vertical_alignment="center"):
        if not trial_ids:
            st.caption(_("Click a trial's name to open it; tick rows to compare them."))
            return
        if len(trial_ids) == 1:
            links.page_link(
                "pages/trial.py",
                label=_("Open {name}").format(name=wording.plain(ticked[trial_ids[0]])),
                icon=":material/arrow_forward:",
                query_params={"experiment": experiment, "trial": trial_ids[0]},
            )
            return
        links.page_link(
            "pages/compare.py",
            label=_("Compare these {count} trials").format(count=len(trial_ids)),
            icon=":material/compare_arrows:",
            query_params={"experiment": experiment, "trials": ",".join(trial_ids)},
        )


def columns(ranked: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of the table, from those of `leaderboard.rank`."""
    ends = zip(*(ranked[name] for name in ("score", "score_low", "score_high")), strict=True)
    return pd.DataFrame(
        {
            "trial_id": ranked["trial_id"],
            "rank": ranked["rank"],
            "number": ranked["number"],
            "model": ranked["title"],
            "score": ranked["score"],
            "half": [wording.margin(score, low, high) for score, low, high in ends],
            "state": [
                _state(state, reason, has_begun=has_begun)
                for state, reason, has_begun in zip(
                    ranked["state"], ranked["reason"], ranked["seconds"].notna(), strict=True
                )
            ],
            "epochs": ranked["epochs"].astype("Int64").mask(ranked["epochs"].eq(0)),
            "time": ranked["seconds"].map(wording.duration),
            "learning_rate": ranked["learning_rate"],
            "reason": ranked["reason"].map(again),
        }
    )


def _state(state: str, reason: str, *, has_begun: bool) -> str:
    """The state of a trial; one that the end of the search has stopped says so."""
    if state != TrialState.STOPPED:
        return _(state)
    if not has_begun:
        return _("not started")
    return _("cut by the limit") if reason.startswith(endings.TIME_LIMIT) else _(state)


def config(metric: str) -> dict[str, Any]:
    """Return headings and number formats of the columns."""
    heading = wording.metric_heading(metric)
    return {
        "rank": _NUMBER(_("Rank"), width=60),
        "number": _NUMBER(_("Trial"), format="#%d", width=60),
        "model": _TEXT(_("Model")),
        "score": _NUMBER(
            heading,
            format="%.3f",
            width=round(_CELL_PIXELS + _LETTER_PIXELS * len(heading)),  # of the metric in view
            help=wording.explanation(metric),
        ),
        "half": _TEXT(
            "95 %",
            alignment="right",
            width=100,  # of both ends
            help=_("95 % interval of the score: half its width, or both ends."),
        ),
        "state": _TEXT(_("State"), width=130),
        "place": _TEXT(_("Where"), help=_("Machine and GPU of the trial.")),
        "epochs": _NUMBER(_("Epochs"), width=70),
        "time": _TEXT(_("Time"), alignment="right", width=110),
        "learning_rate": _NUMBER(_("Learning rate"), format="%.2g"),
        "reason": _TEXT(_("Why it ended"), width="large"),
    }
