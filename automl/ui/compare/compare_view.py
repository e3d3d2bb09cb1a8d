"""Trials side by side: metrics, settings, curves, and pictures only one of them gets right."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from automl.evaluation import metrics, pairing
from automl.evaluation.significance import LEVEL
from automl.figures import (
    baselines,
    palette,
    setting_text,
    trial_charts,
    version_text,
    wording,
)
from automl.jobs.tasks import TASKS
from automl.texts import _
from automl.ui import (
    cached,
    cached_evaluation,
    curve_chart,
    figure_table,
    phone,
    significance,
)
from automl.ui.answers import answer_gallery
from automl.ui.compare.chosen_trials import Side

_MEASURED = ("latency_ms",)  # recorded with the settings in effect, but not a setting
_NUMBER = st.column_config.NumberColumn


def numbers(sides: Sequence[Side]) -> None:
    """Show every metric of all trials, and test the differences in the primary metric."""
    bests = [side.trial.best_evaluation() for side in sides]
    values = [dict(best.metrics) if best else {} for best in bests]
    names = [name for name in values[0] if all(name in each for each in values)]
    columns = _titles(sides)
    table = pd.DataFrame(
        {
            _("Metric"): [wording.metric_heading(name) for name in names],
            **{
                column: [each[name] for name in names]
                for column, each in zip(columns, values, strict=True)
            },
        }
    )
    if len(sides) == 2 and not phone.is_one():
        table[_("Difference")] = table[columns[0]] - table[columns[1]]
    width: Literal["medium"] | int = 60 if phone.is_one() else "medium"
    table[_("Best")] = [_best(name, sides, values) for name in names]
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            **{column: _NUMBER(format="%.3f", width=width) for column in columns},
            _("Difference"): _NUMBER(format="%+.3f"),
            _("Best"): st.column_config.TextColumn(width=55 if phone.is_one() else None),
        },
    )
    for sentence in [*_thresholds(sides), *_verdicts(sides)]:
        st.caption(sentence)
    figure_table.download(table, "compared-metrics")


def _thresholds(sides: Sequence[Side]) -> list[str]:
    """A sentence on the threshold of the metrics, if trials answer with label sets."""
    if not any(TASKS[cached.job(side.experiment_dir).task].has_label_sets for side in sides):
        return []
    if any(side.metric in side.trial.own_scores for side in sides):
        return [
            _(
                "Metrics that need a threshold take 0.5, and so does the test; the Leaderboard "
                "ranks and tests with thresholds of each model's own."
            )
        ]
    return [_("Metrics that need a threshold take 0.5, and so does the test.")]


def _titles(sides: Sequence[Side]) -> list[str]:
    """Headings of the columns; spaces tell apart those of equal titles."""
    titles: list[str] = []
    for side in sides:
        title = side.heading
        while title in titles:
            title += " "
        titles.append(title)
    return titles


def _best(name: str, sides: Sequence[Side], values: Sequence[Mapping[str, float]]) -> str:
    """Numbers of the trials with the best value of a metric; empty if all are equal."""
    found = [each[name] for each in values]
    best = max(found) if metrics.is_higher_better(name) else min(found)
    if all(value == best for value in found):
        return ""
    return ", ".join(
        side.short_title for side, value in zip(sides, found, strict=True) if value == best
    )


def _verdicts(sides: Sequence[Side]) -> list[str]:
    """A sentence on chance for each trial against the best of them."""
    if len({side.metric for side in sides}) > 1:
        return [_("The experiments were ranked by different metrics.")]
    if len(sides) == 2:
        return [_verdict(*sides)]
    best = max(sides, key=_score)
    return [
        _("{best} against {other}: {verdict}").format(
            best=wording.plain(best.title),
            other=wording.plain(side.title),
            verdict=_verdict(best, side),
        )
        for side in sides
        if side is not best
    ]


def _score(side: Side) -> float:
    best = side.trial.best_evaluation()
    return best.metrics[side.metric] if best else float("-inf")


def _verdict(first: Side, second: Side) -> str:
    answers, other_answers = _answers(first), _answers(second)
    if answers is None or other_answers is None:
        return _(version_text.NOT_COMPARABLE)
    if first.experiment_dir != second.experiment_dir:
        found = significance.across(first.metric, answers, other_answers)
        return version_text.verdict(found) if found else _(version_text.NOT_COMPARABLE)
    value = significance.p_value(first.metric, answers, other_answers)
    if value is None:
        return _(version_text.NOT_COMPARABLE)
    may_be_chance = value > LEVEL
    if first.trial.evidence == second.trial.evidence:
        finding = (
            _("On the same pictures this difference may be chance (p = {value}).")
            if may_be_chance
            else _("On the same pictures this difference is unlikely to be chance (p = {value}).")
        )
    else:
        finding = (
            _("On the pictures of both their difference may be chance (p = {value}).")
            if may_be_chance
            else _(
                "On the pictures of both their difference is unlikely to be chance (p = {value})."
            )
        )
    tested = _(
        "The paired test of these two trials is not corrected for having chosen them by their "
        "scores; the Leaderboard has the corrected test against the best trial."
    )
    said = [*_scored_on(first, second), finding.format(value=f"{value:.2g}"), tested]
    return " ".join(said)


def _scored_on(first: Side, second: Side) -> list[str]:
    """A sentence on what two trials were scored on, if on different pictures."""
    if first.trial.evidence == second.trial.evidence:
        return []
    sentence = _("{title} is scored {scored_on}; {other_title} {other_scored_on}.")
    return [
        sentence.format(
            title=wording.plain(first.title),
            scored_on=first.trial.scored_on,
            other_title=wording.plain(second.title),
            other_scored_on=second.trial.scored_on,
        )
    ]


def settings(sides: Sequence[Side]) -> None:
    """Show the hyperparameters that differ, and for several experiments the keys of their jobs."""
    values = [{**side.trial.hyperparameters, **side.trial.effective} for side in sides]
    if len({side.experiment_dir for side in sides}) > 1:
        jobs = [cached.job(side.experiment_dir).model_dump(mode="json") for side in sides]
        values = [
            {**{f"job: {key}": value for key, value in job.items()}, **trial}
            for job, trial in zip(jobs, values, strict=True)
        ]
    differences = [each for each in pairing.differences(*values) if each.name not in _MEASURED]
    if not differences:
        st.info(_("Their settings are the same."))
        return
    texts = zip(
        *(
            [setting_text.of_value(value) or wording.NOTHING for value in each.values]
            for each in differences
        ),
        strict=True,
    )
    table = pd.DataFrame(
        {
            _("Setting"): [each.name for each in differences],
            **dict(zip(_titles(sides), texts, strict=True)),
        }
    )
    st.dataframe(table, hide_index=True)
    figure_table.download(table, "compared-settings")


def curves(sides: Sequence[Side]) -> None:
    """Draw the learning curves of all trials, with a colour for each."""
    metric = sides[0].metric
    if any(side.metric != metric for side in sides):
        st.info(_("The experiments were ranked by different metrics."))
        return
    figure = trial_charts.learning_curves([side.trial for side in sides], metric, height=400)
    trained = [side for side in sides if not baselines.is_baseline(side.trial)]
    colors = list(dict.fromkeys((palette.ACCENT, palette.SECOND, *palette.SERIES)))
    for place, (trace, side) in enumerate(zip(figure.data, trained, strict=True)):
        # by default two models of one family have the same colour
        color, dash = colors[place % len(colors)], palette.DASHES[place % len(palette.DASHES)]
        trace.update(name=palette.label(side.title, 40), line={"color": color, "dash": dash})
        trace.marker.color = color
    curve_chart.show(figure, "compared curves")
    figure_table.show(lambda: _evaluations(sides, metric), "compared-curves")


def _evaluations(sides: Sequence[Side], metric: str) -> pd.DataFrame:
    rows = [
        {"trial": side.title, "epoch": each.epoch, metric: each.metrics[metric]}
        for side in sides
        for each in side.trial.evaluations
    ]
    return pd.DataFrame(rows)


def pictures(sides: Sequence[Side]) -> None:
    """Show the pictures that only one of two trials gets right, with the answer of the other."""
    first, second = _pair(sides)
    answers, other_answers = _answers(first), _answers(second)
    if answers is None or other_answers is None:
        st.info(_("The answers of one of the two trials are missing."))
        return
    pairs = pairing.pair(
        answers.samples["content_hash"].tolist(), other_answers.samples["content_hash"].tolist()
    )
    if not len(pairs.first):
        st.info(_("The two were not scored on any picture in common."))
        return
    st.caption(
        _("{pictures} were scored by both.").format(
            pictures=wording.count(len(pairs.first), "picture")
        )
    )
    swapped = pairing.Pairs(pairs.second, pairs.first)
    only_first = pairing.only_right(pairs, answers.predictions, other_answers.predictions)
    only_second = pairing.only_right(swapped, other_answers.predictions, answers.predictions)
    if not (only_first.any() or only_second.any()):
        st.info(_("Both trials get the same pictures right."))
        return
    left, right = st.columns(2, gap="medium")
    with left:
        _only_right(first, other_answers, pairs.second[only_first])
    with right:
        _only_right(second, answers, pairs.first[only_second])


def _pair(sides: Sequence[Side]) -> tuple[Side, Side]:
    """The two trials whose pictures are shown; of more than two the user chooses them."""
    if len(sides) == 2:
        return sides[0], sides[1]
    by_key = {side.key: side for side in sides}
    left, right = st.columns(2)
    first = left.selectbox(
        _("One of two"), list(by_key), format_func=lambda key: by_key[key].title, key="one of two"
    )
    rest = [key for key in by_key if key != first]
    second = right.selectbox(
        _("The other"), rest, format_func=lambda key: by_key[key].title, key="the other of two"
    )
    return by_key[first], by_key[second]


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
    st.markdown(
        _("**{count} only {title} gets right**").format(
            count=count, title=wording.plain(winner.title)
        )
    )
    if len(positions):
        st.caption(_("With the answer of the other trial."))
        answer_gallery.show(loser, positions, key=f"only {winner.title} against {loser.path}")


def _answers(side: Side) -> cached_evaluation.Answers | None:
    return cached_evaluation.of_trial(side.experiment_dir, side.trial.trial_id)
