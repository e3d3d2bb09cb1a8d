"""The leaderboard as a table, with choices of columns, trials and metric."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from automl.evaluation import metrics
from automl.experiments import leaderboard, store, ties
from automl.experiments.records import TrialRecord
from automl.figures import wording
from automl.texts import _, mark
from automl.ui import cached, figure_table, trial_table
from automl.ui.version_cache import for_version

_NUMBER = st.column_config.NumberColumn
_TEXT = st.column_config.TextColumn
_USUAL = ("rank", "number", "model", "score", "half", "tied", "state", "epochs", "time", "reason")
_ALWAYS = ("rank", "model", "score")
_TIED, _WORSE = mark("tied"), mark("worse")
_CHOSEN, _OFFERED = "columns of the leaderboard", "columns shown at first on the leaderboard"


def show(experiment_dir: Path, p_values: Mapping[str, float | None]) -> None:
    """Draw the table with its choices of metric, columns and rows.

    Args:
        experiment_dir: directory of the experiment.
        p_values: against the best trial (see `significance.p_values_against_best`).
    """
    trials = cached.trials(experiment_dir)
    primary_metric = cached.job(experiment_dir).primary_metric
    with st.container(horizontal=True, vertical_alignment="bottom", key="table-choices"):
        metric = _metric(trials, primary_metric)
        # the tests are about the primary metric
        known = p_values if metric == primary_metric else {}
        table = _columns(experiment_dir, metric, tuple(known.items()))
        shown = _chosen_columns(table)
        table = _filtered(table)
        figure_table.download(table.drop(columns="trial_id"), f"{experiment_dir.name}-leaderboard")
    trial_table.choose(
        table, shown, _config(metric), experiment=experiment_dir.name, key="leaderboard table"
    )
    if sentence := wording.ranking(trials, metric):
        st.caption(sentence)


@for_version(lambda experiment_dir, *_: cached.content(experiment_dir), max_entries=50)
def _columns(
    experiment_dir: Path, metric: str, p_values: tuple[tuple[str, float | None], ...]
) -> pd.DataFrame:
    return columns(cached.trials(experiment_dir), metric, experiment_dir, dict(p_values))


def columns(
    trials: Sequence[TrialRecord],
    metric: str,
    experiment_dir: Path,
    p_values: Mapping[str, float | None],
) -> pd.DataFrame:
    """One row for each trial, best first, with every column that can be shown."""
    ranked = leaderboard.rank(trials, metric, p_values)
    by_id, ids = {trial.trial_id: trial for trial in trials}, ranked["trial_id"].tolist()
    ordered = [by_id[trial_id] for trial_id in ids]
    table = trial_table.columns(ranked)
    added: list[tuple[str, str, Any]] = [
        ("state", "tied", _against_best(ranked, p_values)),
        ("time", "seconds", ranked["seconds"]),
        ("reason", "parameters", [millions(trial) for trial in ordered]),
        ("reason", "megabytes", [megabytes(experiment_dir, trial) for trial in ordered]),
        ("reason", "latency", [latency(trial) for trial in ordered]),
        ("reason", "licence", [trial.effective.get("weights_licence") for trial in ordered]),
    ]
    if any(metric in trial.own_scores for trial in ordered):
        added.insert(0, ("state", "own", [trial.own_scores.get(metric) for trial in ordered]))
    for before, name, values in added:
        table.insert(list(table.columns).index(before), name, values)
    bests = [trial.best_evaluation() for trial in ordered]
    names = dict.fromkeys(name for best in bests if best for name in best.metrics)
    others = {
        name: [best.metrics.get(name) if best else None for best in bests]
        for name in names
        if name != metric
    }
    return pd.concat([table, pd.DataFrame(others, dtype="float64")], axis=1)


def millions(trial: TrialRecord) -> float | None:
    """Number of parameters in millions."""
    count = trial.effective.get("num_parameters")
    return None if count is None or _is_constant(trial) else count / 1e6


def megabytes(experiment_dir: Path, trial: TrialRecord) -> float | None:
    """Size of the weights on disk in megabytes."""
    if _is_constant(trial):
        return None
    path = store.checkpoint_dir(experiment_dir, trial.trial_id) / "model.safetensors"
    return path.stat().st_size / 1e6 if trial.best_epoch is not None and path.is_file() else None


def latency(trial: TrialRecord) -> float | None:
    """Milliseconds for one picture; None if not measured."""
    measured: float | None = trial.effective.get("latency_ms")
    return None if _is_constant(trial) else measured


def _is_constant(trial: TrialRecord) -> bool:
    """True for the majority class, which asks no network."""
    return trial.method == "majority_class"


def _metric(trials: Sequence[TrialRecord], primary_metric: str) -> str:
    """Let the user choose the metric to sort by."""
    first = next((trial.best_evaluation() for trial in trials if trial.best_evaluation()), None)
    names = [primary_metric, *(name for name in (first.metrics if first else ()))]
    return st.selectbox(
        _("Ranked by"),
        [name for name in dict.fromkeys(names) if metrics.is_higher_better(name)],
        format_func=lambda name: _("Ranked by {metric}").format(metric=wording.metric(name)),
        key="metric of the leaderboard",
        width=320,
        label_visibility="collapsed",  # each choice says it
    )


def _chosen_columns(table: pd.DataFrame) -> list[str]:
    offered = [name for name in table.columns if name not in ("trial_id", *_ALWAYS)]
    usual = [name for name in offered if name in _USUAL or _is_measured(table, name)]
    kept = st.session_state.setdefault(_CHOSEN, usual)
    # more is measured while the search runs, and the field would keep what it began with
    new = [name for name in usual if name not in st.session_state.get(_OFFERED, usual)]
    if new:
        st.session_state[_CHOSEN] = list(dict.fromkeys([*kept, *new]))
    st.session_state[_OFFERED] = usual
    with st.popover(_("Columns"), icon=":material/view_column:"):
        chosen = st.multiselect(_("Columns"), offered, format_func=_title, key=_CHOSEN)
    return [name for name in table.columns if name in _ALWAYS or name in chosen]


def _is_measured(table: pd.DataFrame, name: str) -> bool:
    return name in ("own", "parameters", "latency") and bool(table[name].notna().any())


def _filtered(table: pd.DataFrame) -> pd.DataFrame:
    with st.popover(_("Filter"), icon=":material/filter_list:"):
        for name, title in (("model", _("Only this model")), ("state", _("Only this state"))):
            offered = sorted(table[name].unique())
            chosen = st.multiselect(
                title,
                offered,
                format_func=_,
                key=f"only {name} on the leaderboard",
            )
            if chosen:
                table = table[table[name].isin(chosen)]
    return table.reset_index(drop=True)


def _against_best(ranked: pd.DataFrame, p_values: Mapping[str, float | None]) -> list[str]:
    """Result of the test for each trial; empty for the best one and those not compared."""
    texts = {True: _(_TIED), False: _(_WORSE)}
    return [
        texts[bool(is_tied)] if p_values.get(trial_id) is not None else ""
        for trial_id, is_tied in zip(ranked["trial_id"], ranked["tied_with_best"], strict=True)
    ]


def _title(name: str) -> str:
    titles = {
        "number": _("Trial"),
        "half": _("95 % interval"),
        "own": _("With its thresholds"),
        "tied": _("Against the best"),
        "state": _("State"),
        "epochs": _("Epochs"),
        "time": _("Time"),
        "learning_rate": _("Learning rate"),
        "parameters": _("Parameters"),
        "megabytes": _("Weights"),
        "latency": _("Latency"),
        "licence": _("Licence of the weights"),
        "seconds": _("Seconds"),
        "reason": _("Why it ended"),
    }
    return titles.get(name, wording.metric_heading(name))


def _config(metric: str) -> dict[str, Any]:
    return {
        **trial_table.config(metric),
        "own": _NUMBER(
            _title("own"),
            format="%.3f",
            help=_(
                "The score with thresholds of the model's own, chosen on other pictures. It ranks "
                "the trials."
            ),
        ),
        "tied": _TEXT(
            _title("tied"),
            help=_(
                "tied: the difference from the best trial may be chance. The first "
                "{compared} trials are tested together on the same pictures: if all are "
                "equally good, the chance that any is called worse is 5 %."
            ).format(compared=ties.MAX_COMPARED),
        ),
        "parameters": _NUMBER(_title("parameters"), format="%.1f M"),
        "megabytes": _NUMBER(_title("megabytes"), format="%.0f MB"),
        "latency": _NUMBER(
            _title("latency"),
            format="%.0f ms",
            help=_(
                "Time for one picture, measured when the model was built, on the machine of "
                "the trial."
            ),
        ),
        "licence": _TEXT(
            _title("licence"), help=_("Of the pretrained weights that the trial started from.")
        ),
    }
