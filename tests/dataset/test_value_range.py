import numpy as np
import pandas as pd
import pytest

from automl.dataset import spread, value_range
from automl.dataset.rendering import DeepPixels


def of_picture(values: object) -> tuple[float, float]:
    return spread.measure(DeepPixels(np.asarray(values, np.float32)))


def noise(low: float, high: float, count: int = 10_000) -> np.ndarray:
    return np.random.default_rng(0).uniform(low, high, count)


def test_a_few_hot_pixels_do_not_count():
    low, high = of_picture([*noise(40, 4000), 65535, 65535])
    assert (low, high) == (pytest.approx(40, abs=8), pytest.approx(4000, abs=8))


@pytest.mark.parametrize("missing", [-9999, 0, 65535, -3.4e38, 3.4e38, np.nan, np.inf])
def test_a_constant_for_missing_values_does_not_count(missing):
    low, high = of_picture([*noise(29_000, 31_000), *[missing] * 5_000])
    assert (low, high) == (pytest.approx(29_000, abs=9), pytest.approx(31_000, abs=9))


def test_a_plain_thing_on_noise_is_no_missing_value():
    assert of_picture([*noise(100, 300), *[3000] * 500])[1] == 3000
    assert of_picture([0, 1000] * 50) == (0, 1000)
    assert of_picture([*noise(1, 3000), *[0] * 500])[0] == 0


def test_pictures_without_a_spread():
    assert of_picture([7] * 100) == (7, 7)
    assert of_picture([np.nan] * 100) == (0, 0)
    low, high = of_picture([-3e38, *noise(-3e38, 3e38)])
    assert -1e37 <= low < high <= 1e37


def samples(**ranges: list[tuple[float, float]]) -> pd.DataFrame:
    rows = [(label, *ends) for label, every in ranges.items() for ends in every]
    return pd.DataFrame(rows, columns=["label", "value_low", "value_high"])


def test_a_rare_class_keeps_its_values():
    train = samples(common=[(0.0, 1000.0)] * 500, rare=[(20_000.0, 30_000.0)] * 2)
    assert value_range.of_data_set(train) == (0, 30_000)


def test_pictures_unlike_the_others_of_their_class_do_not_count():
    usual = [(40.0 + number, 4000.0) for number in range(20)]
    train = samples(cell=[*usual, (-9999.0, 65_535.0), (60_000.0, 65_000.0), (-9999.0, -9999.0)])
    low, high = value_range.of_data_set(train)
    assert (low, high) == (40, 4000)


def test_pictures_of_one_value_each_span_the_range_together():
    assert value_range.of_data_set(samples(cold=[(20.0, 20.0)], hot=[(36.0, 36.0)])) == (20, 36)
    assert value_range.of_data_set(samples(cold=[(20.0, 20.0)])) == (20, 21)


def test_small_ranges_keep_their_digits():
    train = samples(leaf=[(0.12345678, 0.87654321)])
    assert value_range.of_data_set(train) == (0.1235, 0.8765)


def test_pictures_of_eight_bits_have_no_range():
    assert value_range.of_data_set(samples(photo=[(np.nan, np.nan)])) is None
