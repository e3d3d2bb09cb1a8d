import math
from datetime import timedelta

from automl.figures import timeline
from tests.conftest import START


def test_the_best_so_far_never_falls_and_skips_diverged_evaluations(make_trial):
    history = timeline.history([make_trial("t1", [0.5, math.nan, 0.4, 0.7])], "accuracy")
    assert history.best.tolist() == [0.5, 0.5, 0.7]


def test_evaluations_of_all_trials_are_put_in_order_of_time(make_trial):
    later = make_trial("t2", [0.9], number=1)
    moved = later.evaluations[0].model_copy(update={"finished_at": START + timedelta(seconds=90)})
    later = later.model_copy(update={"evaluations": [moved]})
    history = timeline.history([later, make_trial("t1", [0.5])], "accuracy")
    points = history.at(range(2))
    assert [(point.score, point.trial.trial_id) for point in points] == [(0.5, "t1"), (0.9, "t2")]
    assert (points[1].time, history.clock.unit.short) == (90, "s")


def test_a_curve_keeps_what_raised_the_best_and_the_last_point(make_trial):
    history = timeline.history([make_trial("t1", [0.5, 0.4, 0.7, 0.6, 0.6])], "accuracy")
    assert [point.score for point in history.improvements()] == [0.5, 0.7, 0.6]


def test_without_an_evaluation_there_is_no_point(make_trial):
    for trials in ([], [make_trial("t1")], [make_trial("t1", [math.nan])]):
        history = timeline.history(trials, "accuracy")
        assert (history.improvements(), history.times.tolist()) == ([], [])
