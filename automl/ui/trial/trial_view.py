"""What one trial is: its numbers, settings, curves and, if it failed, why."""

import math

import pandas as pd
import streamlit as st

from automl.experiments.records import TrialRecord
from automl.figures import charts, trial_charts, wording
from automl.ui import figure_table

_FORMATS = {  # the others are scores and losses
    "Epoch": "%d",
    "Learning rate": "%.2g",
    "Training seconds": "%.1f",
    "Evaluation seconds": "%.1f",
    "Pictures / s": "%.0f",
    "Peak memory (MB)": "%.0f",
}


def headline(trial: TrialRecord, metric: str) -> None:
    best = trial.best_evaluation()
    metrics = [
        (wording.metric_heading(metric), wording.score_of(trial, metric)),
        ("State", trial.state.value),
        ("Time", wording.duration(trial.seconds)),
    ]
    if best and trial.method == "fine_tuning":
        metrics.insert(2, ("Best epoch", f"{best.epoch} of {trial.evaluations[-1].epoch}"))
        speed = f"{wording.number(best.images_per_second)} / s"
        metrics.append(("Training pictures", speed))
    widths = [1.6] + [1] * (len(metrics) - 1)  # a score with both ends of its interval is long
    for column, (name, value) in zip(st.columns(widths), metrics, strict=True):
        column.metric(name, value, border=True)
    if trial.flags:
        st.badge(", ".join(trial.flags), icon=":material/flag:", color="orange")
    for sentence in filter(None, [trial.reason, *trial.notes]):
        st.caption(wording.plain(sentence))


def failure(trial: TrialRecord) -> None:
    if trial.error:
        st.error(wording.plain(trial.error.cause))
        if trial.error.next_step:
            st.markdown(f"**What to do:** {wording.plain(trial.error.next_step)}")
        st.caption("The other trials are not affected.")
        with st.expander("Details"):
            st.code(trial.error.traceback, language=None)


def curves(trial: TrialRecord, metric: str) -> None:
    if not trial.evaluations:
        st.info("Curves appear after the first evaluation.")
        return
    left, right = st.columns(2)
    with left:
        st.subheader(wording.metric_heading(metric))
        figure = trial_charts.learning_curves([trial], metric).update_layout(showlegend=False)
        st.plotly_chart(figure, key="trial metric", config=charts.QUIET)
    with right:
        st.subheader("Loss")
        st.plotly_chart(trial_charts.losses(trial), key="trial losses", config=charts.QUIET)


def every_evaluation(trial: TrialRecord, metric: str) -> None:
    """What each evaluation found and cost."""
    if not trial.evaluations:
        return
    rows = [
        {
            "Epoch": one.epoch,
            wording.metric_heading(metric): one.metrics[metric],
            "Training loss": one.train_loss,
            "Validation loss": one.valid_loss,
            "Learning rate": one.learning_rate,
            "Training seconds": one.train_seconds,
            "Evaluation seconds": one.evaluation_seconds,
            "Pictures / s": one.images_per_second,
            "Peak memory (MB)": one.peak_memory_bytes / 1e6 or None,
        }
        for one in trial.evaluations
    ]
    # an older record does not know its memory
    table = pd.DataFrame(rows).dropna(axis=1, how="all")
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            name: st.column_config.NumberColumn(format=_FORMATS.get(name, "%.3f"))
            for name in map(str, table)
        },
    )
    figure_table.download(table, "evaluations")


def metrics(trial: TrialRecord) -> None:
    """Every metric of the best evaluation."""
    best = trial.best_evaluation()
    if best is None:
        st.info("Metrics appear after the first evaluation.")
        return
    rows = {"Metric": map(wording.metric_heading, best.metrics), "Value": best.metrics.values()}
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={"Value": st.column_config.NumberColumn(format="%.3f")},
    )


def hyperparameters(trial: TrialRecord) -> None:
    """Asked for beside in effect; what differs comes first and is marked."""
    asked, found = trial.hyperparameters, trial.effective
    changed = sorted(key for key in asked if key in found and _differs(asked[key], found[key]))
    if changed:
        st.caption(f"In effect otherwise than asked for: {', '.join(changed)}.")
    elif found:
        st.caption("Everything that was asked for is in effect.")
    names = [*changed, *sorted((set(asked) | set(found)) - set(changed))]
    table = pd.DataFrame(
        {
            "Hyperparameter": names,
            "Asked for": [_text(asked.get(name)) for name in names],
            "In effect": [_text(found.get(name)) for name in names],
            "Note": ["changed" if name in changed else "" for name in names],
        }
    )
    st.dataframe(table, hide_index=True, height=min(38 + 35 * len(names), 600))


def _differs(asked: object, found: object) -> bool:
    """Numbers may have been rounded on their way; `auto` and empty values ask for nothing."""
    if isinstance(asked, float) and isinstance(found, (int, float)):
        return not math.isclose(asked, found, rel_tol=1e-6)
    return asked not in ("auto", "", None) and _text(asked) != _text(found)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "; ".join(map(_text, value))
    return f"{value:.3g}" if isinstance(value, float) else str(value)
