import math
import re

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from automl.jobs import job_notes
from automl.jobs.distributions import Distribution, from_text
from automl.jobs.job import Job
from automl.jobs.job_errors import JobError
from automl.jobs.search_space import draws, grid, refusal, values


def distribution(**fields):
    return TypeAdapter(Distribution).validate_python(fields)


def drawn(count=2000, **fields):
    rng = np.random.default_rng(0)
    found = distribution(**fields)
    return [found.at(share) for share in rng.random(count)]


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
        {"type": "normal", "mu": 0, "sigma": -1},
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
    found = draws(sub_spaces, 2000, seed=0)
    assert sum("a" in values for values in found) == pytest.approx(1000, abs=100)


def test_a_draw_holds_only_the_keys_of_its_sub_space():
    sub_spaces = [{"model_name": "resnet18", "a": 1}, {"model_name": "vits16r224"}]
    keys = {tuple(found) for found in draws(sub_spaces, 50, seed=0)}
    assert keys == {("model_name", "a"), ("model_name",)}


@pytest.mark.parametrize("rule", ["random", "sobol"])
def test_the_same_seed_repeats_the_same_draws_and_fewer_are_the_first_of_more(rule):
    sub_spaces = [{"x": distribution(type="uniform", min_value=0, max_value=1)}, {"y": 2}]
    found = draws(sub_spaces, 20, seed=7, rule=rule)
    assert found == draws(sub_spaces, 20, seed=7, rule=rule)
    assert found[:3] == draws(sub_spaces, 3, seed=7, rule=rule)
    assert found != draws(sub_spaces, 20, seed=8, rule=rule)


def test_sobol_covers_the_space_more_evenly_than_chance():
    space = [{"x": distribution(type="uniform", min_value=0, max_value=1)}]
    found = [values["x"] for values in draws(space, 64, seed=0, rule="sobol")]
    assert all(sum(low / 8 <= x < (low + 1) / 8 for x in found) == 8 for low in range(8))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("uniform(0.001,0.01)", {"type": "uniform", "min_value": 0.001, "max_value": 0.01}),
        ("choice(15, 30)", {"type": "choice", "values": [15, 30]}),
        (
            "choice('vitb16r224','vits16r224',)",
            {"type": "choice", "values": ["vitb16r224", "vits16r224"]},
        ),
        ("choice(True, false)", {"type": "choice", "values": [True, False]}),
        ("QUniform(1,5,1)", {"type": "quniform", "min_value": 1, "max_value": 5, "q": 1}),
        ("randint(4)", {"type": "randint", "upper": 4}),
        ("qnormal 10 2 1", {"type": "qnormal", "mu": 10, "sigma": 2, "q": 1}),
        ("loguniform(-9,-2)", {"type": "loguniform", "min_value": -9, "max_value": -2}),
        ("vitb16r224", "vitb16r224"),
        ("0.00001", "0.00001"),
        ("", ""),
    ],
)
def test_the_text_form_of_azures_designer_is_read(text, found):
    assert from_text(text) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("zipf(2)", "zipf(2) is not a distribution. There are choice, randint"),
        ("uniform(1)", "Write uniform(min_value, max_value)"),
        ("normal(1,2,3)", "Write normal(mu, sigma)"),
    ],
)
def test_text_that_is_no_distribution_is_refused(text, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        from_text(text)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (3, [3]),
        ({"type": "choice", "values": ["a", "b"]}, ["a", "b"]),
        ({"type": "randint", "upper": 3}, [0, 1, 2]),
        ({"type": "quniform", "min_value": 96, "max_value": 160, "q": 32}, [96, 128, 160]),
    ],
)
def test_what_can_come_of_a_value_is_listed(value, found):
    given = distribution(**value) if isinstance(value, dict) else value
    assert values(given) == found


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


SAMPLERS = {
    "choice": {"grid", "bayesian", "random"},
    "uniform": {"bayesian", "random"},
    "quniform": {"bayesian", "random"},
    "loguniform": {"bayesian", "random"},
    "qloguniform": {"bayesian", "random"},
    "normal": {"random"},
    "qnormal": {"random"},
    "lognormal": {"random"},
    "qlognormal": {"random"},
}


@pytest.mark.parametrize("kind", SAMPLERS)
def test_each_sampler_takes_its_distributions(kind):
    keys = {"values": [1], "min_value": 0, "max_value": 1, "mu": 0, "sigma": 1, "q": 1}
    fields = TypeAdapter(Distribution).json_schema()["$defs"]
    own = next(f for f in fields.values() if f["properties"]["type"]["const"] == kind)["properties"]
    value = distribution(type=kind, **{key: keys[key] for key in own if key in keys})
    takes = {name for name in ("random", "grid", "bayesian") if not refusal("x", value, name)}
    assert takes == SAMPLERS[kind]
    assert all(refusal("x", 3, name) is None for name in ("random", "grid", "bayesian"))


def notes_on(*sub_spaces, algorithm="random", **parameters):
    job = Job.from_dict(
        {
            "training_data": {"path": "x"},
            "training_parameters": parameters,
            "search_space": list(sub_spaces),
            "sweep": {"sampling_algorithm": algorithm},
        }
    )
    return " ".join(job_notes.notes(job))


def test_a_space_that_can_leave_a_range_says_how_likely_that_is():
    bounded = notes_on({"number_of_epochs": "randint(5)"})
    assert 12 <= int(re.search(r"About (\d+)%", bounded)[1]) <= 28
    said = notes_on({"momentum": {"type": "normal", "mu": 0.9, "sigma": 0.1}})
    share = int(re.search(r"About (\d+)%", said)[1])
    assert 12 <= share <= 20  # above 1 is 1 sigma away: 16 %
    assert "momentum is 1." in said
    assert "It should be less than or equal to 1" in said
    assert "pydantic" not in said
    assert "cannot be trained" not in notes_on({"momentum": "uniform(0.1, 0.9)"})


@pytest.mark.parametrize("algorithm", ["random", "grid", "bayesian"])
def test_a_combination_that_cannot_be_trained_says_how_likely_it_is(algorithm):
    choices = {"type": "choice", "values": [224, 256]}
    networks = {"type": "choice", "values": ["vitb16r224", "resnet18"]}
    said = notes_on({"model_name": networks, "training_crop_size": choices}, algorithm=algorithm)
    share = int(re.search(r"About (\d+)%", said)[1])
    assert 20 <= share <= 30
    assert "vitb16r224 takes 224 only" in said


@pytest.mark.parametrize("kind", ["loguniform", "qloguniform"])
def test_plain_values_as_bounds_of_logarithms_are_recognised(kind):
    bounds = {"type": kind, "min_value": 0.001, "max_value": 0.1}
    bounds |= {"q": 0.01} if kind.startswith("q") else {}
    with pytest.raises(JobError, match="natural logarithms.*min_value: -6.908, max_value: -2.303"):
        notes_on({"learning_rate": bounds})
    assert notes_on({"learning_rate": {**bounds, "min_value": -6.9, "max_value": -2.3}}) == ""
