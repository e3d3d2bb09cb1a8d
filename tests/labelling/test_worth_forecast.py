"""Forecasts of further labels, for errors that follow a known law."""

import numpy as np
import pytest

from automl.labelling import forecast
from automl.labelling.forecast import Answered


def answered(floor: float, height: float, exponent: float) -> Answered:
    """Pictures whose errors follow the law, each as often as its share of the probes errs."""
    rng = np.random.default_rng(0)
    counts = np.array([50.0, 100.0, 200.0, 400.0])
    rates = floor + height * counts**-exponent
    return Answered(counts, (rng.random(2_000) < rates[:, None]).astype(float))


def test_the_forecast_continues_a_power_law():
    curve = forecast.curve_of_all(answered(0.05, 1.0, 0.4))
    truth = 0.05 + 800**-0.4
    assert curve.error(800).mean() == pytest.approx(truth, abs=0.02)
    low, high = np.quantile(curve.error(800), (0.05, 0.95))
    assert low < truth < high
    needed = curve.count_for(truth)
    assert 800 / 1.5 < needed < 800 * 1.5


def test_an_error_below_the_floor_is_never_reached():
    curve = forecast.curve_of_all(answered(0.2, 1.0, 0.5))
    assert curve.count_for(0.01) == np.inf


def test_errors_that_do_not_fall_promise_nothing():
    curve = forecast.curve_of_all(answered(0.3, 0.0, 1.0))
    assert (curve.error(400) - curve.error(800)).mean() < 0.01


def test_the_class_whose_errors_fall_is_worth_most_pictures():
    labels = np.repeat([0, 1], 200)
    rng = np.random.default_rng(1)

    def fit(rows: np.ndarray) -> np.ndarray:
        """Pictures of class 1 are known the better the more of them there are; class 0 always."""
        rate = 2.0 * max((labels[rows] == 1).sum(), 1) ** -0.5
        return np.where((labels == 1) & (rng.random(400) < rate), 0, labels)

    found = forecast.worth(forecast.observe(fit, labels, 2), labels, ["known", "hard"])
    assert [each.class_name for each in found] == [None, "hard", "known"]
    everything, hard, known = found
    assert hard.num_more == hard.num_pictures == 200
    # half of the pictures, and the error falls from 2 / sqrt(200) to 2 / sqrt(400)
    assert hard.gain == pytest.approx((200**-0.5 - 400**-0.5), abs=0.015)
    assert hard.low <= hard.gain <= hard.high
    assert everything.gain == pytest.approx(hard.gain, abs=0.02)
    assert known.gain == 0


def test_a_class_whose_pictures_are_all_in_one_fold_has_no_forecast():
    labels = np.repeat([0, 1], [38, 2])
    folds = [np.random.default_rng(seed).permutation(40) % 5 for seed in range(12)]
    together = next(seed for seed, fold in enumerate(folds) if fold[38] == fold[39])
    runs = forecast.observe(lambda _: labels, labels, 2, together)
    assert [each.class_name for each in forecast.worth(runs, labels, ["cat", "dog"])] == [
        None,
        "cat",
    ]


def test_probes_count_the_pictures_that_they_were_fitted_to():
    labels = np.repeat([0, 1], [36, 4])
    sizes = []

    def fit(rows: np.ndarray) -> np.ndarray:
        sizes.append(len(rows))
        return labels

    every, mixed = forecast.observe(fit, labels, 2)
    assert sizes[:3] != [4, 4, 4]  # a part of one class alone is replaced by all
    means = np.mean([np.mean(sizes[9 * fold : 9 * fold + 3]) for fold in range(5)])
    assert every.fitted[0] == pytest.approx(means)
    assert mixed.fitted.sum(axis=1).tolist() == sizes[45:]
