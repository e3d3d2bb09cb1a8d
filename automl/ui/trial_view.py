"""What one trial is: its numbers, settings, curves and, if it failed, why."""

import pandas as pd
import streamlit as st

from automl.records import TrialRecord
from automl.ui import charts, wording


def headline(trial: TrialRecord, metric: str) -> None:
    best = trial.best_evaluation()
    metrics = [
        (wording.metric(metric).capitalize(), wording.score_of(trial, metric)),
        ("State", trial.state.value),
        ("Best epoch", f"{best.epoch} of {trial.evaluations[-1].epoch}" if best else "–"),
        ("Time", wording.duration(trial.seconds)),
    ]
    if best:
        speed = f"{wording.number(best.images_per_second)} / s"
        metrics.append(("Training pictures", speed))
    for column, (name, value) in zip(st.columns(len(metrics)), metrics, strict=True):
        column.metric(name, value, border=True)
    for sentence in filter(None, [trial.reason, *trial.notes]):
        st.caption(wording.plain(sentence))


def failure(trial: TrialRecord) -> None:
    if trial.error:
        st.error(wording.plain(trial.error.cause))
        st.caption("The other trials are not affected.")
        with st.expander("Details"):
            st.code(trial.error.traceback, language=None)


def curves(trial: TrialRecord, metric: str) -> None:
    if not trial.evaluations:
        st.info("Curves appear after the first evaluation.")
        return
    left, right = st.columns(2)
    with left:
        st.subheader(wording.metric(metric).capitalize())
        figure = charts.learning_curves([trial], metric)
        st.plotly_chart(figure, key="trial metric", config=charts.QUIET)
    with right:
        st.subheader("Loss")
        st.plotly_chart(charts.losses(trial), key="trial losses", config=charts.QUIET)


def metrics(trial: TrialRecord) -> None:
    """Every metric of the best evaluation."""
    best = trial.best_evaluation()
    if best is None:
        st.info("Metrics appear after the first evaluation.")
        return
    rows = {"Metric": map(wording.metric, best.metrics), "Value": best.metrics.values()}
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={"Value": st.column_config.NumberColumn(format="%.3f")},
    )


def hyperparameters(trial: TrialRecord) -> None:
    """Asked for beside in effect; what differs is marked."""
    names = sorted(set(trial.hyperparameters) | set(trial.effective))
    table = pd.DataFrame(
        {
            "Hyperparameter": names,
            "Asked for": [_text(trial.hyperparameters.get(name)) for name in names],
            "In effect": [_text(trial.effective.get(name)) for name in names],
        }
    )
    both = (table["Asked for"] != "") & (table["In effect"] != "")
    differs = both & (table["Asked for"] != table["In effect"])
    table["Note"] = differs.map({True: "changed", False: ""})
    st.dataframe(table, hide_index=True, height=min(38 + 35 * len(names), 600))


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else str(value)
