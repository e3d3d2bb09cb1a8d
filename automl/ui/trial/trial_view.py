"""One trial: its scores, hyperparameters, curves and, if it failed, the cause."""

import math

import pandas as pd
import streamlit as st

from automl.experiments.records import TrialRecord
from automl.figures import charts, setting_text, trial_charts, wording
from automl.texts import _, mark
from automl.ui import curve_chart, figure_table

_FORMATS = {  # all other columns are scores and losses
    mark("Epoch"): "%d",
    mark("Learning rate"): "%.2g",
    mark("Training seconds"): "%.1f",
    mark("Evaluation seconds"): "%.1f",
    mark("Pictures / s"): "%.0f",
    mark("Peak memory (MB)"): "%.0f",
}


def headline(trial: TrialRecord, metric: str) -> None:
    """Draw the score and what it took to get it, in one line."""
    best = trial.best_evaluation()
    score = f"{wording.metric_heading(metric)} **{wording.score_of(trial, metric)}**"
    facts = [_(trial.state), wording.duration(trial.seconds)]
    if (own := trial.own_scores.get(metric)) is not None:
        facts.insert(0, _("at 0.5; with its thresholds {score}").format(score=wording.score(own)))
    if best and trial.method == "fine_tuning":
        speed = _("{number} pictures / s in training").format(
            number=wording.number(best.images_per_second)
        )
        facts += [
            _("best epoch {epoch} of {last}").format(
                epoch=best.epoch, last=trial.evaluations[-1].epoch
            ),
            speed,
        ]
    notes = [wording.stored(each) for each in (trial.fitted_to, *trial.notes) if each]
    if best:
        scored = _("scored {scored_on}").format(scored_on=trial.scored_on)
        pictures, comma, _how = scored.partition(", ")
        facts.append(pictures)
        if comma:  # the line has no room for it
            notes.insert(0, f"{scored[:1].upper()}{scored[1:]}.")
    if trial.reason:
        facts.append(wording.stored(trial.reason))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(score, width="content")
        st.caption(wording.plain(" · ".join(facts)), width="content")
        if trial.flags:
            st.badge(", ".join(map(_, trial.flags)), icon=":material/flag:", color="orange")
        if notes:
            # folded: the matrix below is what the page is for
            with st.popover(_("Notes"), icon=":material/notes:", type="tertiary", key="notes"):
                st.markdown("\n\n".join(map(wording.plain, notes)))


def failure(trial: TrialRecord, *, is_alone: bool) -> None:
    """Draw why a trial failed; nothing for one that did not.

    Args:
        trial: record of the trial.
        is_alone: True if other trials of the experiment did not fail.
    """
    if trial.error:
        st.error(wording.plain(wording.stored(trial.error.cause)))
        if trial.error.next_step:
            st.markdown(
                _("**What to do:** {next_step}").format(
                    next_step=wording.plain(wording.stored(trial.error.next_step))
                )
            )
        if is_alone:
            st.caption(_("The other trials are not affected."))
        with st.expander(_("Details")):
            st.code(trial.error.traceback, language=None)


def curves(trial: TrialRecord, metric: str) -> None:
    if not trial.evaluations:
        st.info(_("Curves appear after the first evaluation."))
        return
    left, right = st.columns(2)
    with left:
        st.subheader(wording.metric_heading(metric))
        figure = trial_charts.learning_curves([trial], metric).update_layout(showlegend=False)
        curve_chart.show(figure, "trial metric")
    if not figure.data:
        return
    with right:
        st.subheader(_("Loss"))
        st.plotly_chart(trial_charts.losses(trial), key="trial losses", config=charts.QUIET)


def every_evaluation(trial: TrialRecord, metric: str) -> None:
    """Draw a table of all evaluations: scores, losses, times and memory."""
    if not trial.evaluations:
        return
    rows = [
        {
            _("Epoch"): evaluation.epoch,
            wording.metric_heading(metric): evaluation.metrics[metric],
            _("Training loss"): evaluation.train_loss,
            _("Validation loss"): evaluation.valid_loss,
            _("Learning rate"): evaluation.learning_rate,
            _("Training seconds"): evaluation.train_seconds,
            _("Evaluation seconds"): evaluation.evaluation_seconds,
            _("Pictures / s"): evaluation.images_per_second,
            _("Peak memory (MB)"): evaluation.peak_memory_bytes / 1e6 or None,
        }
        for evaluation in trial.evaluations
    ]
    # records of older versions have no memory
    table = pd.DataFrame(rows).dropna(axis=1, how="all")
    formats = {_(name): number_format for name, number_format in _FORMATS.items()}
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            name: st.column_config.NumberColumn(format=formats.get(name, "%.3f"))
            for name in map(str, table)
        },
    )
    figure_table.download(table, "evaluations")


def metrics(trial: TrialRecord) -> None:
    """Draw every metric of the best evaluation."""
    best = trial.best_evaluation()
    if best is None:
        st.info(_("Metrics appear after the first evaluation."))
        return
    rows = {
        _("Metric"): map(wording.metric_heading, best.metrics),
        _("Value"): best.metrics.values(),
    }
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={_("Value"): st.column_config.NumberColumn(format="%.3f")},
    )


def hyperparameters(trial: TrialRecord) -> None:
    """Draw the requested and the used values; those that differ come first and are marked."""
    requested, effective = trial.hyperparameters, trial.effective
    changed = sorted(
        key for key in requested if key in effective and _differs(requested[key], effective[key])
    )
    if changed:
        st.caption(
            _("Used with another value than requested: {changed}.").format(
                changed=", ".join(changed)
            )
        )
    elif effective:
        st.caption(_("All values were used as requested."))
    asked = {name for name, value in requested.items() if _is_request(value)}
    rest = sorted((set(requested) | set(effective)) - asked)

    def table(names: list[str]) -> None:
        columns = {
            _("Hyperparameter"): names,
            _("Requested"): [setting_text.of_value(requested.get(name)) for name in names],
            _("Used"): [setting_text.of_value(effective.get(name)) for name in names],
            _("Note"): [_("changed") if name in changed else "" for name in names],
        }
        height = min(38 + 35 * len(names), 600)
        st.dataframe(pd.DataFrame(columns), hide_index=True, height=height)

    table([*changed, *sorted(asked - set(changed))])
    if rest:
        with st.expander(_("Not requested ({count})").format(count=len(rest))):
            table(rest)


def _is_request(value: object) -> bool:
    return value not in ("auto", "", None)


def _differs(requested: object, effective: object) -> bool:
    """True if the values differ by more than rounding, and one was requested."""
    if isinstance(requested, float) and isinstance(effective, (int, float)):
        return not math.isclose(requested, effective, rel_tol=1e-6)
    asked, used = setting_text.of_value(requested), setting_text.of_value(effective)
    return _is_request(requested) and asked != used
