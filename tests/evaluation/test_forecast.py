"""Forecasts from made-up histories."""

import pytest

from automl.evaluation.forecast import expected_gain, is_lost_in_noise

ERROR = 0.02
"""Standard error of a score around 0.9 on 200 pictures."""


def test_trials_that_are_all_tied_leave_nothing_to_gain() -> None:
    assert expected_gain([0.9] * 6, 0.9, 20) == 0.0


def test_a_steady_improvement_goes_on() -> None:
    scores = [0.80, 0.82, 0.84, 0.86, 0.88]
    gain = expected_gain(scores, 0.88, 5)
    assert gain is not None
    assert gain > 0.01
    assert not is_lost_in_noise(gain, ERROR)


def test_scores_far_below_the_best_gain_nothing() -> None:
    gain = expected_gain([0.900, 0.901, 0.899, 0.900, 0.902, 0.900], 0.95, 10)
    assert gain is not None
    assert is_lost_in_noise(gain, ERROR)


def test_two_rows_say_nothing_unless_all_pictures_are_right() -> None:
    assert expected_gain([0.90, 0.91], 0.91, 10) is None
    assert expected_gain([1.0], 1.0, 10) == 0.0


def test_without_time_for_another_trial_there_is_nothing_to_gain() -> None:
    assert expected_gain([0.7, 0.8, 0.9], 0.9, 0) == 0.0


def test_the_gain_grows_with_the_number_of_trials_and_ends_at_the_top() -> None:
    gains = [expected_gain([0.6, 0.9, 0.7], 0.9, number) or 0.0 for number in (1, 10, 1000)]
    assert gains == sorted(set(gains))
    assert gains[-1] <= 0.1


@pytest.mark.parametrize(
    ("gain", "error", "lost"),
    [(0.001, 0.02, True), (0.001, 0.005, False), (0.003, 0.5, False), (0.001, 0.0, True)],
)
def test_noise_is_a_tenth_of_the_error_and_a_fifth_of_a_point(
    gain: float, error: float, lost: bool
) -> None:
    assert is_lost_in_noise(gain, error) is lost
