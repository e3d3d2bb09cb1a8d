"""Baselines in figures, a colour for each trial, and the timeline of trials."""

from datetime import timedelta

import numpy as np
import pytest

from automl.evaluation.metrics import MULTILABEL
from automl.experiments.time_left import Span
from automl.figures import confusion_chart, palette, timeline_chart, trial_charts
from automl.figures.pauses import Clock
from tests.conftest import START, build_trial


def baseline(method, score, number=0):
    values = {"model_name": "resnet18", "method": method}
    return build_trial(method, [score], number=number, hyperparameters=values)


FLOORS = [baseline("majority_class", 0.1), baseline("linear_probe", 0.967, 1)]
TRAINED = [build_trial("t2", [0.7, 0.98], number=2), build_trial("t3", [0.9, 0.99], number=3)]


def test_baselines_are_a_line_and_the_axis_begins_at_the_best_of_them():
    figure = trial_charts.learning_curves([*TRAINED, *FLOORS], "accuracy")
    assert [trace.name for trace in figure.data] == ["#2 resnet18", "#3 resnet18"]
    (line,) = figure.layout.shapes
    assert line.y0 == 0.967
    texts = [note.text for note in figure.layout.annotations]
    assert texts == ["#1 resnet18, linear probe 0.967", "↓ majority class 0.100"]
    low, high = figure.layout.yaxis.range
    assert 0.95 < low < 0.967
    assert high > 0.99


def test_while_nothing_has_been_trained_all_baselines_but_the_majority_are_in_view():
    floors = [*FLOORS, baseline("k_nearest_neighbours", 0.9, 2)]
    low, high = trial_charts.learning_curves(floors, "accuracy").layout.yaxis.range
    assert 0.85 < low < 0.9 < 0.967 < high


def test_the_floor_of_label_sets_is_that_of_label_frequencies():
    (iou,) = baseline("majority_class", 0.1).evaluations
    iou = iou.model_copy(update={"metrics": {"iou": 0.1, "hamming_loss": 0.3}})
    earlier = FLOORS[0].model_copy(update={"evaluations": [iou]})  # before records had a task
    pending = FLOORS[0].model_copy(update={"task": MULTILABEL, "evaluations": []})
    assert (earlier.title, pending.title) == ("label frequencies", "label frequencies")


def test_a_trial_below_the_best_baseline_stays_in_view():
    weak = build_trial("t4", [0.5, 0.6], number=4)
    figure = trial_charts.learning_curves([weak, *FLOORS], "accuracy")
    assert figure.layout.yaxis.range[0] < 0.6


def test_a_curve_stays_in_view_whatever_its_trial_scores_on_further_pictures():
    (last,) = TRAINED[0].evaluations[1:]  # 0.98
    for score in (0.97, 0.999):
        scored = last.model_copy(update={"metrics": {"accuracy": score}})
        trial = TRAINED[0].model_copy(update={"scored": scored})
        low, high = trial_charts.learning_curves([trial, *FLOORS], "accuracy").layout.yaxis.range
        assert low < 0.967 < 0.98 < high < 0.999


def test_the_majority_class_does_not_stretch_the_intervals():
    ranked = [build_trial("t2", [0.98], score_low=0.97, score_high=0.99), FLOORS[0]]
    figure = trial_charts.intervals(ranked, "accuracy")
    assert figure.layout.xaxis.range[0] > 0.9
    assert [note.text for note in figure.layout.annotations] == ["← 0.100"]


def test_no_axis_of_a_single_score_goes_beyond_all_scores():
    """Without an interval, as before its trial ends, Plotly would show 1 more and 1 less."""
    running = build_trial("t2", [0.9])
    low, high = trial_charts.intervals([running], "accuracy").layout.xaxis.range
    assert 0.88 < low < 0.9 < high < 0.92
    assert trial_charts.learning_curves([running], "accuracy").layout.yaxis.range == (0, 1)


def test_few_trials_have_a_colour_each_which_later_ones_do_not_change():
    few = [build_trial(f"t{n}", [0.5], number=n) for n in range(8)]
    colors = palette.trial_colors(few)
    assert len(set(colors.values())) == 8
    assert palette.trial_colors(reversed(few[:3])) == {t: colors[t] for t in ("t0", "t1", "t2")}
    many = palette.trial_colors([*few, build_trial("t8", [0.5], number=8)])
    assert set(many.values()) == {palette.family_look("resnet18")[0]}


def test_errors_have_a_hue_and_a_scale_of_their_own():
    figure = confusion_chart.figure_of(np.array([[35, 1], [0, 36]]), ["a", "b"], [0, 1])
    cells = figure.data[0].z
    assert cells[0][0] == pytest.approx(35 / 36)
    assert cells[0][1] == -1  # the commonest error has the full colour, though it is 1 of 36
    assert cells[1][0] == 0


def test_trials_stand_in_the_place_that_was_free_and_a_running_one_goes_on():
    def ran(number, start, end):
        times = {"started_at": START + timedelta(minutes=start)}
        times["ended_at"] = None if end is None else START + timedelta(minutes=end)
        state = "running" if end is None else "completed"
        return build_trial(f"t{number}", [0.5], number=number, state=state, **times)

    trials = [ran(0, 0, 4), ran(1, 0, 2), ran(2, 2, None), build_trial("t3", started_at=None)]
    left = {"t2": Span(60, 120, 180)}
    until = START + timedelta(minutes=5)
    clock = Clock.of(trials, until)
    bars = timeline_chart.bars(trials, left, until, 2, clock)
    assert [(bar.trial.number, bar.place) for bar in bars] == [(0, 0), (1, 1), (2, 1)]
    assert bars[2][2:] == (2, 5, 7)
    figure = timeline_chart.figure_of(bars, 2, clock)
    assert figure.data[0].text == ("#0", "#1", "#2")
    assert figure.data[1].x == (2,)
    assert figure.data[1].customdata == ("2 min 0 s",)


def test_many_trials_are_a_line_for_each_colour_since_each_bar_costs_the_browser_time():
    names = ("resnet18", "mobilenetv2")
    trials = [
        build_trial(f"t{n}", [0.5], number=n, model_name=names[n % 2], started_at=START)
        for n in range(301)
    ]
    clock = Clock.of(trials, START)
    bars = timeline_chart.bars(trials, {}, START, 1, clock)
    first, second, _rest = timeline_chart.figure_of(bars, 1, clock).data
    assert (first.type, len(first.x), len(second.x)) == ("scatter", 3 * 151, 3 * 150)
    assert first.line.color != second.line.color
    assert first.text[:3] == ("#0 resnet18: 1 min 0 s", "", "")


def test_the_axis_of_time_has_the_unit_that_suits_the_search():
    def axis_and_ends(minutes):
        ends = {"started_at": START, "ended_at": START + timedelta(minutes=minutes)}
        trial = build_trial("t0", [0.9], **ends)
        clock = Clock.of([trial], START)
        (bar,) = bars = timeline_chart.bars([trial], {}, START, 1, clock)
        figure = timeline_chart.figure_of(bars, 1, clock)
        return figure.layout.xaxis.title.text.split()[0], bar.end

    assert [axis_and_ends(minutes) for minutes in (1, 10, 240)] == [
        ("Seconds", 60),
        ("Minutes", 10),
        ("Hours", 4),
    ]


def test_a_night_before_the_search_went_on_takes_no_room():
    def ran(number, start, end):
        times = {"started_at": START + timedelta(minutes=start)}
        times["ended_at"] = START + timedelta(minutes=end)
        return build_trial(f"t{number}", [0.5], number=number, **times)

    trials = [ran(0, 0, 4), ran(1, 1, 3), ran(2, 604, 610), ran(3, 610.5, 611)]
    clock = Clock.of(trials, START)
    bars = timeline_chart.bars(trials, {}, START, 2, clock)
    assert [(bar.start, bar.end) for bar in bars] == [(0, 4), (1, 3), (4, 10), (10.5, 11)]
    figure = timeline_chart.figure_of(bars, 2, clock)
    assert figure.layout.xaxis.title.text == "Minutes, without pauses"
    assert [note.text for note in figure.layout.annotations] == ["paused 10 h 0 min"]
    assert figure.layout.margin.t > 20, "the words stand above the bars"
    assert clock.times([START.timestamp() + 60 * 300]).tolist() == [4]
    assert Clock.of(trials[2:], START).axis == "Minutes since the first trial started"
    assert Clock.of([], START).pauses == []
