"""Two trials side by side: metrics, settings, curves, and pictures only one of them gets right."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from automl.evaluation import pairing
from automl.evaluation.significance import LEVEL
from automl.experiments import leaderboard
from automl.experiments.records import TrialRecord
from automl.figures import charts, palette, trial_charts, wording
from automl.host import home
from automl.ui import cached, cached_evaluation, figure_table, selection, significance
from automl.ui.answers import answer_gallery

_MEASURED = ("latency_ms",)  # recorded with the settings in effect, but not a setting


class Side(NamedTuple):
    """One of the two trials, with its experiment."""

    experiment_dir: Path
    trial: TrialRecord
    metric: str

    @property
    def title(self) -> str:
        """Name of the experiment, number and title of the trial."""
        return f"{self.experiment_dir.name} {wording.trial(self.trial)}"


def choose(experiment_dir: Path) -> tuple[Side, Side] | None:
    """Let the user choose two trials; None, with the reason on the page, if there are not two."""
    left, where, right = st.columns([2, 1, 2])
    with left:
        first = _side("This trial", experiment_dir, 0)
    names = selection.experiment_names()
    asked_for = st.query_params.get("other")
    name = where.selectbox(
        "of experiment",
        names,
        names.index(asked_for if asked_for in names else experiment_dir.name),
        key="other experiment",
        format_func=lambda name: f"with one of {name}",
        label_visibility="collapsed",
    )
    is_same = name == experiment_dir.name
    with right:
        second = _side("with this one", home.experiments_dir() / name, 1 if is_same else 0)
    return (first, second) if first and second else None


def _side(title: str, experiment_dir: Path, position: int) -> Side | None:
    metric = cached.job(experiment_dir).primary_metric
    ranked = leaderboard.by_score(cached.trials(experiment_dir), metric)
    if len(ranked) <= position:
        st.info(f"There is no {'other ' if position else ''}trial with a score.")
        return None
    position = _asked_for(ranked, position)
    chosen = st.selectbox(
        title,
        range(len(ranked)),
        position,
        format_func=lambda index: (
            f"#{ranked[index].number} {ranked[index].model_name} · "
            f"{wording.score_of(ranked[index], metric)}"
        ),
        key=f"{title} of {experiment_dir.name}",
        label_visibility="collapsed",
    )
    return Side(experiment_dir, ranked[chosen], metric)


def _asked_for(ranked: list[TrialRecord], position: int) -> int:
    """Place of the trial that the link names for this side; `position` if it names none."""
    asked = st.query_params.get("trials", "").split(",")[position:]
    places = [place for place, trial in enumerate(ranked) if trial.trial_id in asked[:1]]
    return places[0] if places else position


def numbers(first: Side, second: Side) -> None:
    """Show every metric of both trials, and test the difference in the primary metric."""
    bests = [side.trial.best_evaluation() for side in (first, second)]
    metrics, other_metrics = (best.metrics if best else {} for best in bests)
    names = [name for name in metrics if name in other_metrics]
    table = pd.DataFrame(
        {
            "Metric": [wording.metric_heading(name) for name in names],
            "first": [metrics[name] for name in names],
            "second": [other_metrics[name] for name in names],
            "Difference": [metrics[name] - other_metrics[name] for name in names],
        }
    )
    number = st.column_config.NumberColumn
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "first": number(first.title, format="%.3f"),
            "second": number(second.title, format="%.3f"),
            "Difference": number(format="%+.3f"),
        },
    )
    st.caption(_verdict(first, second))
    figure_table.download(table, "compared-metrics")


def _verdict(first: Side, second: Side) -> str:
    if first.metric != second.metric:
        return "The two experiments were ranked by different metrics."
    answers, other_answers = _answers(first), _answers(second)
    value = (
        significance.p_value(first.metric, answers, other_answers)
        if answers and other_answers
        else None
    )
    if value is None:
        return (
            "No test: the two trials were scored on different pictures, or one has no score. Part "
            "of the difference may come from the pictures."
        )
    result = "may be chance" if value > LEVEL else "is unlikely to be chance"
    return (
        f"{_where(first, second)} {result} (paired test of these two trials, p = "
        f"{value:.2g}). The test is not corrected for having chosen them by their scores; the "
        "Leaderboard has the corrected test against the best trial."
    )


def _where(first: Side, second: Side) -> str:
    if first.trial.evidence == second.trial.evidence:
        return "On the same pictures this difference"
    return (
        f"{wording.plain(first.title)} is scored {first.trial.scored_on}; "
        f"{wording.plain(second.title)} {second.trial.scored_on}. On the pictures of both their "
        "difference"
    )


def settings(first: Side, second: Side) -> None:
    """Show the hyperparameters that differ, and for two experiments the keys of their jobs."""
    sides = (first, second)
    values = [{**side.trial.hyperparameters, **side.trial.effective} for side in sides]
    if first.experiment_dir != second.experiment_dir:
        jobs = [cached.job(side.experiment_dir).model_dump(mode="json") for side in sides]
        values = [
            {**{f"job: {key}": value for key, value in job.items()}, **trial}
            for job, trial in zip(jobs, values, strict=True)
        ]
    differences = [each for each in pairing.differences(*values) if each.name not in _MEASURED]
    if not differences:
        st.info("Their settings are the same.")
        return
    table = pd.DataFrame(
        {
            "Setting": [each.name for each in differences],
            first.title: [_text(each.first) for each in differences],
            # a space makes it another column if the titles are equal
            f"{second.title} ": [_text(each.second) for each in differences],
        }
    )
    st.dataframe(table, hide_index=True)
    figure_table.download(table, "compared-settings")


def _text(value: object) -> str:
    if value is None:
        return wording.NOTHING
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def curves(first: Side, second: Side) -> None:
    """Draw the learning curves of both trials."""
    trials = [first.trial, second.trial]
    if first.metric != second.metric:
        st.info("The two experiments were ranked by different metrics.")
        return
    figure = trial_charts.learning_curves(trials, first.metric, height=400)
    looks = ((palette.ACCENT, "solid"), (palette.SECOND, "dash"))
    for trace, side, (color, dash) in zip(figure.data, (first, second), looks, strict=True):
        # by default two models of one family have the same colour
        trace.update(name=palette.label(side.title, 40), line={"color": color, "dash": dash})
        trace.marker.color = color
    st.plotly_chart(figure, key="compared curves", config=charts.QUIET)
    rows = [
        {"trial": side.title, "epoch": each.epoch, first.metric: each.metrics[first.metric]}
        for side in (first, second)
        for each in side.trial.evaluations
    ]
    figure_table.show(pd.DataFrame(rows), "compared-curves")


def pictures(first: Side, second: Side) -> None:
    """Show the pictures that only one of the two gets right, with the answer of the other."""
    answers, other_answers = _answers(first), _answers(second)
    if answers is None or other_answers is None:
        st.info("The answers of one of the two trials are missing.")
        return
    pairs = pairing.pair(
        answers.samples["content_hash"].tolist(), other_answers.samples["content_hash"].tolist()
    )
    if not len(pairs.first):
        st.info("The two were not scored on any picture in common.")
        return
    st.caption(f"{wording.count(len(pairs.first), 'picture')} were scored by both.")
    swapped = pairing.Pairs(pairs.second, pairs.first)
    only_first = pairing.only_right(pairs, answers.predictions, other_answers.predictions)
    only_second = pairing.only_right(swapped, other_answers.predictions, answers.predictions)
    if not (only_first.any() or only_second.any()):
        st.info("Both trials get the same pictures right.")
        return
    left, right = st.columns(2, gap="medium")
    with left:
        _only_right(first, other_answers, pairs.second[only_first])
    with right:
        _only_right(second, answers, pairs.first[only_second])


def _only_right(
    winner: Side, loser: cached_evaluation.Answers, positions: NDArray[np.int64]
) -> None:
    """Show pictures that `winner` gets right, with the wrong answers of the other trial.

    Args:
        winner: trial whose answers are right.
        loser: answers of the other trial.
        positions: of the pictures among the answers of `loser`.
    """
    count = wording.count(len(positions), "picture")
    st.markdown(f"**{count} only {wording.plain(winner.title)} gets right**")
    if len(positions):
        st.caption("With the answer of the other trial.")
        answer_gallery.show(loser, positions, key=f"only {winner.title} against {loser.path}")


def _answers(side: Side) -> cached_evaluation.Answers | None:
    return cached_evaluation.of_trial(side.experiment_dir, side.trial.trial_id)
