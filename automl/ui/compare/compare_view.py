"""Two trials side by side: numbers, settings, curves, and pictures only one gets right."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd
import streamlit as st

from automl.evaluation import pairing
from automl.evaluation.significance import LEVEL
from automl.experiments import leaderboard
from automl.experiments.records import TrialRecord
from automl.figures import charts, palette, search_charts, wording
from automl.host import home
from automl.ui import cached, cached_evaluation, figure_table, selection, significance
from automl.ui.answers import answer_gallery

_MEASURED = ("latency_ms",)  # kept with the settings in effect, but none


class Side(NamedTuple):
    """A trial and where it belongs."""

    experiment_dir: Path
    trial: TrialRecord
    metric: str

    @property
    def title(self) -> str:
        return f"{self.experiment_dir.name} {wording.trial(self.trial)}"


def choose(experiment_dir: Path) -> tuple[Side, Side] | None:
    """Two trials; None, with the reason on the page, where there are no two."""
    left, right = st.columns(2, border=True)
    with left:
        one = _side("This trial", experiment_dir, 0)
    with right:
        where, which = st.columns(2)
        names = selection.experiment_names()
        name = where.selectbox(
            "of experiment", names, names.index(experiment_dir.name), key="other experiment"
        )
        is_same = name == experiment_dir.name
        with which:
            other = _side("with this one", home.experiments_dir() / name, 1 if is_same else 0)
    return (one, other) if one and other else None


def _side(title: str, experiment_dir: Path, place: int) -> Side | None:
    metric = cached.job(experiment_dir).primary_metric
    ranked = leaderboard.by_score(cached.trials(experiment_dir), metric)
    if len(ranked) <= place:
        st.info(f"There is no {'other ' if place else ''}trial with a score.")
        return None
    chosen = st.selectbox(
        title,
        range(len(ranked)),
        place,
        format_func=lambda index: (
            f"#{ranked[index].number} {ranked[index].model_name} · "
            f"{wording.score(ranked[index].score(metric))}"
        ),
        key=f"{title} of {experiment_dir.name}",
    )
    return Side(experiment_dir, ranked[chosen], metric)


def numbers(one: Side, other: Side) -> None:
    """Every metric of both, and whether the difference in the first may be chance."""
    bests = [side.trial.best_evaluation() for side in (one, other)]
    first, second = (best.metrics if best else {} for best in bests)
    left, right = st.columns(2)
    for column, side in ((left, one), (right, other)):
        score = wording.score_of(side.trial, side.metric)
        name = wording.metric_heading(side.metric)
        column.metric(f"{name}: {wording.plain(side.title)}", score, border=True)
    st.caption(_verdict(one, other))
    names = [name for name in first if name in second]
    table = pd.DataFrame(
        {
            "Metric": [wording.metric_heading(name) for name in names],
            "one": [first[name] for name in names],
            "other": [second[name] for name in names],
            "Difference": [first[name] - second[name] for name in names],
        }
    )
    number = st.column_config.NumberColumn
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "one": number(one.title, format="%.3f"),
            "other": number(other.title, format="%.3f"),
            "Difference": number(format="%+.3f"),
        },
    )
    figure_table.download(table, "compared-metrics")


def _verdict(one: Side, other: Side) -> str:
    if one.metric != other.metric:
        return "The two experiments were ranked by different metrics."
    answers = [
        cached_evaluation.of_trial(side.experiment_dir, side.trial.trial_id)
        for side in (one, other)
    ]
    first, second = answers
    value = significance.p_value(one.metric, first, second) if first and second else None
    if value is None:
        return (
            "No test: the two trials were scored on different pictures, or one has no score. Part "
            "of the difference may come from the pictures."
        )
    result = "may be chance" if value > LEVEL else "is unlikely to be chance"
    return (
        f"On the same pictures this difference {result} (paired test of these two trials, p = "
        f"{value:.2g}). The test is not corrected for having chosen them by their scores; the "
        "Leaderboard has the corrected test against the best trial."
    )


def settings(one: Side, other: Side) -> None:
    """Hyperparameters, and of two experiments the jobs, where they differ."""
    first, second = (
        {**side.trial.hyperparameters, **side.trial.effective} for side in (one, other)
    )
    if one.experiment_dir != other.experiment_dir:
        jobs = [cached.job(side.experiment_dir).model_dump(mode="json") for side in (one, other)]
        first, second = (
            {**{f"job: {key}": value for key, value in job.items()}, **trial}
            for job, trial in zip(jobs, (first, second), strict=True)
        )
    found = [one for one in pairing.differences(first, second) if one.name not in _MEASURED]
    if not found:
        st.info("Their settings are the same.")
        return
    table = pd.DataFrame(
        {
            "Setting": [difference.name for difference in found],
            one.title: [_text(difference.one) for difference in found],
            f"{other.title} ": [_text(difference.other) for difference in found],
        }
    )
    st.dataframe(table, hide_index=True)
    figure_table.download(table, "compared-settings")


def _text(value: object) -> str:
    if value is None:
        return wording.NOTHING
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def curves(one: Side, other: Side) -> None:
    trials = [one.trial, other.trial]
    if one.metric != other.metric:
        st.info("The two experiments were ranked by different metrics.")
        return
    figure = search_charts.learning_curves(trials, one.metric, 0.0)
    looks = ((palette.ACCENT, "solid"), (palette.SECOND, "dash"))
    for trace, side, (color, dash) in zip(figure.data, (one, other), looks, strict=True):
        # two of one family would have its colour alike
        trace.update(name=palette.label(side.title, 40), line={"color": color, "dash": dash})
        trace.marker.color = color
    st.plotly_chart(figure, key="compared curves", config=charts.QUIET)
    rows = [
        {"trial": side.title, "epoch": each.epoch, one.metric: each.metrics[one.metric]}
        for side in (one, other)
        for each in side.trial.evaluations
    ]
    figure_table.show(pd.DataFrame(rows), "compared-curves")


def pictures(one: Side, other: Side) -> None:
    """What only one of the two gets right, with the other's answer."""
    first, second = _answers(one), _answers(other)
    if first is None or second is None:
        st.info("The answers of one of the two are not there.")
        return
    pairs = pairing.pair(
        first.samples["content_hash"].tolist(), second.samples["content_hash"].tolist()
    )
    if not len(pairs.one):
        st.info("The two have no validation picture in common.")
        return
    st.caption(f"{wording.count(len(pairs.one), 'picture')} were scored by both.")
    swapped = pairing.Pairs(pairs.other, pairs.one)
    one_only = pairing.only_right(pairs, first.predictions, second.predictions)
    other_only = pairing.only_right(swapped, second.predictions, first.predictions)
    if not (one_only.any() or other_only.any()):
        st.info("Each gets right what the other gets right.")
        return
    left, right = st.columns(2, gap="medium")
    for column, only, loser, both, side in (
        (left, one_only, second, pairs, one),
        (right, other_only, first, swapped, other),
    ):
        with column:
            count = wording.count(int(only.sum()), "picture")
            st.markdown(f"**{count} only {wording.plain(side.title)} gets right**")
            if only.any():
                st.caption("With the answer of the other one.")
                key = f"only {side.title} against {loser.path}"
                answer_gallery.show(loser, both.other[only], key=key)


def _answers(side: Side) -> cached_evaluation.Answers | None:
    return cached_evaluation.of_trial(side.experiment_dir, side.trial.trial_id)
