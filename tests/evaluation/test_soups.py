"""The choice among averages of weights, from made-up answers."""

import numpy as np
import pytest

from automl.evaluation import soups
from automl.evaluation.predictions import Predictions

LABELS = np.arange(200) % 2


def answers(*wrong: range, num: int = 200) -> Predictions:
    """Certain answers, those of some pictures wrong."""
    is_wrong = np.isin(np.arange(num), [each for some in wrong for each in some])
    predicted = np.where(is_wrong, 1 - LABELS[:num], LABELS[:num])
    return Predictions(np.arange(num), LABELS[:num], np.eye(2, dtype=np.float32)[predicted])


FIRST, SECOND = answers(range(40)), answers(range(30, 72))


def test_an_average_with_half_the_errors_is_found_and_judged_where_it_was_not_chosen() -> None:
    average = answers(range(20))
    found = soups.find("accuracy", {("a",): FIRST, ("b",): SECOND, ("a", "b"): average})
    assert found is not None
    assert found.weights == {"a": 0.5, "b": 0.5}
    assert found.gain == pytest.approx(0.1)
    assert found.is_beyond_noise
    np.testing.assert_array_equal(found.predictions.probabilities, average.probabilities)


def test_one_error_less_may_be_chance() -> None:
    found = soups.find("accuracy", {("a",): FIRST, ("b",): SECOND, ("a", "b"): answers(range(39))})
    assert found is not None
    assert not found.is_beyond_noise


def test_a_trial_that_is_better_than_all_averages_stays_alone() -> None:
    assert soups.find("accuracy", {("a",): FIRST, ("a", "b"): answers(range(60))}) is None


def test_few_pictures_choose_nothing() -> None:
    few = {("a",): answers(range(9), num=40), ("a", "b"): answers(num=40)}
    assert soups.find("accuracy", few) is None
