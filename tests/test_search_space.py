import math

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from automl.search_space import Distribution, draw, grid


def distribution(**fields):
    return TypeAdapter(Distribution).validate_python(fields)


def drawn(count=2000, **fields):
    rng = np.random.default_rng(0)
    found = distribution(**fields)
    return [found.sample(rng) for _ in range(count)]


def test_the_bounds_of_loguniform_are_logarithms():
    values = drawn(type="loguniform", min_value=math.log(1e-4), max_value=math.log(1e-2))
    assert 1e-4 <= min(values) < 1.1e-4
    assert 0.9e-2 < max(values) <= 1e-2
    assert np.median(values) == pytest.approx(1e-3, rel=0.15)


def test_randint_excludes_its_upper_end():
    assert set(drawn(type="randint", upper=3)) == {0, 1, 2}


def test_uniform_stays_within_its_bounds_and_fills_them():
    values = drawn(type="uniform", min_value=-1, max_value=3)
    assert -1 <= min(values) < -0.9
    assert 2.9 < max(values) <= 3


def test_quniform_gives_multiples_of_q():
    values = drawn(type="quniform", min_value=5, max_value=20, q=5)
    assert set(values) == {5, 10, 15, 20}
    assert all(isinstance(value, int) for value in values)


def test_a_fraction_as_q_gives_fractions():
    assert set(drawn(type="quniform", min_value=0, max_value=1, q=0.5)) == {0, 0.5, 1}


def test_qloguniform_rounds_after_the_exponential():
    values = drawn(type="qloguniform", min_value=0, max_value=math.log(8), q=4)
    assert set(values) == {0, 4, 8}


def test_normal_has_its_mean_and_spread():
    values = drawn(type="normal", mu=2, sigma=0.5)
    assert np.mean(values) == pytest.approx(2, abs=0.05)
    assert np.std(values) == pytest.approx(0.5, abs=0.05)


def test_lognormal_is_exp_of_normal():
    values = drawn(type="lognormal", mu=1, sigma=0.3)
    assert np.mean(np.log(values)) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("kind", ["qnormal", "qlognormal"])
def test_rounded_bells_give_multiples_of_q(kind):
    assert all(value % 3 == 0 for value in drawn(type=kind, mu=2, sigma=1, q=3))


def test_choice_takes_every_value_about_as_often():
    values = drawn(type="choice", values=["a", "b"])
    assert values.count("a") == pytest.approx(1000, abs=100)


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "choice", "values": []},
        {"type": "randint", "upper": 0},
        {"type": "uniform", "min_value": 2, "max_value": 1},
        {"type": "quniform", "min_value": 1, "max_value": 2, "q": 0},
        {"type": "normal", "mu": 0, "sigma": 0},
        {"type": "uniform", "min_value": 0},
        {"type": "zipf", "alpha": 2},
        {"type": "choice", "values": [1], "weights": [1]},
    ],
)
def test_a_distribution_that_cannot_be_drawn_from_is_refused(fields):
    with pytest.raises(ValidationError):
        distribution(**fields)


def test_swapped_bounds_are_explained():
    with pytest.raises(ValidationError, match="min_value is 2 but max_value is only 1"):
        distribution(type="uniform", min_value=2, max_value=1)


def test_sub_spaces_are_equally_likely_whatever_their_size():
    sub_spaces = [{"a": 1}, {"b": distribution(type="choice", values=list(range(50)))}]
    rng = np.random.default_rng(0)
    draws = [draw(sub_spaces, rng) for _ in range(2000)]
    assert sum("a" in values for values in draws) == pytest.approx(1000, abs=100)


def test_a_draw_holds_only_the_keys_of_its_sub_space():
    sub_spaces = [{"model_name": "resnet18", "a": 1}, {"model_name": "vits16r224"}]
    rng = np.random.default_rng(0)
    keys = {tuple(draw(sub_spaces, rng)) for _ in range(50)}
    assert keys == {("model_name", "a"), ("model_name",)}


def test_the_same_seed_repeats_the_same_draws():
    sub_spaces = [{"x": distribution(type="uniform", min_value=0, max_value=1)}, {"y": 2}]

    def draws(seed):
        rng = np.random.default_rng(seed)
        return [draw(sub_spaces, rng) for _ in range(20)]

    assert draws(7) == draws(7)
    assert draws(7) != draws(8)


def test_a_grid_is_the_cross_product_of_every_sub_space():
    two = distribution(type="choice", values=[1, 2])
    letters = distribution(type="choice", values=["x", "y"])
    found = list(grid([{"a": two, "b": letters, "c": 0}, {"a": 9}]))
    assert found == [
        {"a": 1, "b": "x", "c": 0},
        {"a": 1, "b": "y", "c": 0},
        {"a": 2, "b": "x", "c": 0},
        {"a": 2, "b": "y", "c": 0},
        {"a": 9},
    ]


def test_a_grid_refuses_what_it_cannot_enumerate():
    uniform = distribution(type="uniform", min_value=0, max_value=1)
    with pytest.raises(ValueError, match="learning_rate is uniform, which a grid cannot enumerate"):
        list(grid([{"learning_rate": uniform}]))
