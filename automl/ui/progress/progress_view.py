"""Parts of the Progress page that change while the experiment runs."""

from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

from automl.access.permissions import Action
from automl.experiments import endings, store, time_left
from automl.experiments.records import (
    ExperimentRecord,
    ExperimentState,
    TrialRecord,
    TrialState,
    now,
)
from automl.experiments.time_left import Span, TimeLeft
from automl.figures import (
    baselines,
    charts,
    timeline,
    timeline_chart,
    trial_charts,
    wording,
)
from automl.figures.pauses import Clock
from automl.texts import _
from automl.ui import cached, curve_chart, guarded_actions, recommendation_view
from automl.ui.version_cache import for_version

_LOG_BYTES = 20_000
_LINE_PIXELS = 76
_MAX_CHARTS = 100


def headline(
    record: ExperimentRecord,
    state: ExperimentState,
    trials: list[TrialRecord],
    ranked: list[TrialRecord],
    metric: str,
) -> None:
    """Draw the best score, the number of finished trials, and the time.

    Args:
        record: record of the experiment.
        state: state of the experiment.
        trials: all trials.
        ranked: trials with a score, best first.
        metric: key of the primary metric.
    """
    # columns would stand below each other on a phone
    cards = st.container(horizontal=True)
    first = ranked[0] if ranked else None
    cards.metric(
        _("Best {metric}").format(metric=wording.metric_shown(metric, ranked[:1])),
        wording.score_of(first, metric),
        delta=_gain_over_baseline(ranked, metric),
        border=True,
        height="stretch",
        help=_("On the pictures it was chosen by, with its 95 % interval."),
    )
    extent = endings.extent(record, trials) if state.is_finished else None
    if extent is not None and extent.num_unstarted:
        cards.metric(
            _("Trials tried"),
            wording.of(extent.num_tried, extent.num_planned),
            _("{count} not started").format(count=wording.integer(extent.num_unstarted)),
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
        )
    else:
        ended = wording.ended_trials(endings.num_ended(trials), record)
        cards.metric(_("Trials ended"), ended, border=True, height="stretch")
    time = wording.duration(record.seconds)
    is_over = state.is_finished
    cards.metric(_("Time") if is_over else _("Time so far"), time, border=True, height="stretch")
    if not is_over:
        with cards:
            _time_left(record, state, trials)
        why = time_left.why_later(record, trials, now())
        st.caption(wording.plain(why) if why else "\N{NO-BREAK SPACE}")  # the same height without


def _time_left(record: ExperimentRecord, state: ExperimentState, trials: list[TrialRecord]) -> None:
    """Draw the range of the time left."""
    if state is ExperimentState.QUEUED:
        st.metric(_("Time left"), wording.NOTHING, border=True, height="stretch")
        return
    left = time_left.estimate(record, trials, now())
    value = _("Learning") if left.whole is None else wording.span(left.whole.low, left.whole.high)
    st.metric(
        _("Time left"),
        value,
        border=True,
        height="stretch",
        help=_about_time(left),
    )


def _about_time(left: TimeLeft) -> str:
    said = (
        _("A range, until the best model is exported, from what epochs and baselines took last.")
        if left.whole
        else _("{time_left}. A range stands here after the first epoch.").format(
            time_left=wording.time_left(left).capitalize()
        )
    )
    return f"{said} {_('The time limit ends the search at the latest.')}"


def verdict(
    experiment_dir: Path,
    state: ExperimentState,
    ranked: list[TrialRecord],
    metric: str,
    *,
    folded: bool = False,
) -> None:
    """Draw the recommendation at the end of a search, and what to expect while it runs.

    Args:
        experiment_dir: directory of the experiment.
        state: state of the experiment.
        ranked: trials with a score, best first.
        metric: key of the primary metric.
        folded: True to show the title of the recommendation only.
    """
    is_shown = state.is_finished and recommendation_view.show(
        experiment_dir, ranked, metric, folded=folded
    )
    if not is_shown:
        name = wording.metric_shown(metric, ranked)
        _expectation(experiment_dir, state, name)


def _expectation(experiment_dir: Path, state: ExperimentState, metric_name: str) -> None:
    """Say what to expect on new pictures, with how that was found as its tip.

    It takes one line as long as the search runs, so that nothing below moves when it is known.
    """
    record = cached.experiment(experiment_dir)
    basis = wording.plain(wording.stored(record.expected_basis))
    if expected := wording.expected(record):
        sentence, title = _("On new pictures expect {metric} **{expected}**."), ""
        for trial in cached.trials(experiment_dir):
            if trial.trial_id == record.expected_trial != record.best_trial:
                sentence = _(
                    "Expect {metric} **{expected}** of {trial}, the best when this was computed."
                )
                title = wording.plain(wording.trial(trial))
        sentence = sentence.format(metric=metric_name, expected=expected, trial=title)
        st.markdown(sentence, help=basis or None)
    elif not state.is_finished:  # in letters of the same size
        st.markdown(_("What to expect on new pictures is not known yet."), help=basis or None)
    elif basis:
        st.caption(basis)


def _gain_over_baseline(ranked: list[TrialRecord], metric: str) -> str | None:
    """Score of the best trial minus that of the best baseline; None if no baseline is below it."""
    baseline = next((trial for trial in ranked if baselines.is_baseline(trial)), None)
    if baseline is None or baseline is ranked[0]:
        return None
    best, other = (trial.ranking_score(metric) or 0.0 for trial in (ranked[0], baseline))
    difference = best - other  # of what ranks them, so it is not below 0
    return _("{difference} over {trial}").format(
        difference=f"{difference:+.3f}", trial=wording.trial(baseline)
    )


def preparation(record: ExperimentRecord, state: ExperimentState) -> None:
    """Draw a progress bar with the current activity; its height is the same in every state."""
    words = {
        ExperimentState.QUEUED: _("Starting the engine"),
        ExperimentState.RUNNING: _("Searching"),
        ExperimentState.STOPPING: _("Stopping: running trials end and the best model is exported"),
    }
    text = wording.stored(record.message) or words.get(state, "")
    st.progress(1.0 if state is ExperimentState.COMPLETED else record.progress, wording.plain(text))


def plan(record: ExperimentRecord) -> None:
    """Draw AutoMode's plan and its revisions, the latest first."""
    if not record.plan:
        return
    first, *revisions = record.plan
    st.markdown(wording.as_list(wording.stored(first)))
    for sentence in reversed(revisions):
        st.caption(wording.plain(wording.stored(sentence)))


def running_trials(
    experiment_dir: Path, trials: list[TrialRecord], metric: str, num_lines: int
) -> None:
    """Draw one line with a stop button for each trial in training.

    The number of lines is the number of trials that may train at a time, so that nothing below
    moves when a trial starts or ends.
    """
    st.subheader(_("Training now"))
    running = [trial for trial in trials if trial.state is TrialState.RUNNING]
    places = wording.places(trials)
    record = cached.experiment(experiment_dir)
    is_over = record.progress >= 1 or store.stop_requested(experiment_dir)
    left = time_left.estimate(record, trials, now()).by_trial
    waiting = _("No trial is left to train") if is_over else _("Free for the next trial")
    lines = st.container(key="lines")
    for trial in running:
        rest = _rest(left.get(trial.trial_id))
        if place := places.get(trial.trial_id):
            rest = _("{rest} · on {place}").format(rest=rest, place=place)
        with lines.container(border=True, height=_LINE_PIXELS, vertical_alignment="center"):
            _running_trial(experiment_dir, trial, metric, rest)
    for _place in range(num_lines - len(running)):
        with lines.container(border=True, height=_LINE_PIXELS, vertical_alignment="center"):
            st.caption(waiting)


def _running_trial(experiment_dir: Path, trial: TrialRecord, metric: str, rest: str) -> None:
    """rest: how long it will take, and where it is if that is not the same for all."""
    name = wording.plain(wording.trial(trial))
    line, button = st.columns([6, 1], vertical_alignment="center")
    with line:
        _how_far(trial, metric, name, wording.plain(rest))
    if not guarded_actions.may(Action.STOP, experiment_dir):
        return
    if trial.trial_id in store.trials_to_stop(experiment_dir):
        button.caption(_("Stopping"))
        return
    with button.popover(
        _("Stop"), icon=":material/stop:", key=f"stop {trial.trial_id}", width="stretch"
    ):
        st.markdown(_("Stop trial {name}? Its best model so far is kept.").format(name=name))
        if st.button(_("Stop this trial"), type="primary", key=f"stop now {trial.trial_id}"):
            guarded_actions.stop(experiment_dir, trial.trial_id)
            st.toast(_("Trial {name} stops after the current batch.").format(name=name))
            st.rerun()


def _how_far(trial: TrialRecord, metric: str, name: str, rest: str) -> None:
    """Draw the epochs of a trial and its best score; a baseline has neither while it is fitted."""
    if baselines.is_baseline(trial):
        st.progress(0.0, f"{name} · {rest}")
        return
    epoch = trial.evaluations[-1].epoch if trial.evaluations else 0
    planned = timeline.planned_epochs(trial)
    epochs = (
        _("epoch {epoch} of {planned}").format(epoch=epoch, planned=planned)
        if planned
        else _("epoch {epoch}").format(epoch=epoch)
    )
    score = wording.score(trial.score(metric))
    st.progress(
        min(1.0, epoch / planned) if planned else 0.0,
        _("{name} · {epochs} · best {score} · {rest}").format(
            name=name, epochs=epochs, score=score, rest=rest
        ),
    )


def _rest(left: Span | None) -> str:
    if left is None:
        return _(wording.LEARNING)
    return _("{time} left").format(time=wording.span(left.low, left.high))


def trials_over_time(experiment_dir: Path) -> None:
    """Draw which trial ran when; nothing before the first has started."""
    figure = _timeline(experiment_dir)
    if figure is not None:
        st.subheader(_("Trials over time"))
        st.plotly_chart(figure, key="trials over time", config=charts.QUIET)


@for_version(cached.content, max_entries=_MAX_CHARTS)
def _timeline(experiment_dir: Path) -> go.Figure | None:
    record, trials, moment = cached.experiment(experiment_dir), cached.trials(experiment_dir), now()
    left = {} if record.state.is_finished else time_left.estimate(record, trials, moment).by_trial
    searched = [trial for trial in trials if not trial.members]
    until = record.ended_at or moment
    clock, num_places = Clock.of(searched, until), record.max_concurrent_trials
    placed = timeline_chart.bars(searched, left, until, num_places, clock)
    return timeline_chart.figure_of(placed, num_places, clock) if placed else None


def curves(experiment_dir: Path) -> None:
    """Draw the learning curves of the best trials, with the baselines as lines."""
    st.subheader(_("Learning curves"))
    ranked = cached.ranked(experiment_dir)
    if not ranked:
        st.info(_("No trial has been scored. Curves appear with the first evaluation."))
        return
    curve_chart.show(_learning_curves(experiment_dir), "learning curves")
    num_trained = sum(not baselines.is_baseline(trial) for trial in ranked)
    if num_trained > trial_charts.MAX_LINES:
        st.caption(
            _("The best {shown} of {count} trials.").format(
                shown=trial_charts.MAX_LINES, count=wording.integer(num_trained)
            )
        )


@for_version(cached.content, max_entries=_MAX_CHARTS)
def _learning_curves(experiment_dir: Path) -> go.Figure:
    ranked = cached.ranked(experiment_dir)
    trained = [trial for trial in ranked if not baselines.is_baseline(trial)]
    floors = [trial for trial in ranked if baselines.is_baseline(trial)]
    metric = cached.job(experiment_dir).primary_metric
    return trial_charts.learning_curves([*trained[: trial_charts.MAX_LINES], *floors], metric)


def log(experiment_dir: Path) -> None:
    path = store.log_path(experiment_dir)
    with st.expander(_("Log")):
        if path.is_file():
            st.code(_tail(path) or _("Nothing yet."), language=None, height=300)
        else:
            st.caption(_("The engine has not written anything yet."))


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _LOG_BYTES))
        return file.read().decode("utf-8", errors="replace")
