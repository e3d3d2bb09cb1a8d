import math

import pytest

from automl.jobs.hyperparameters import Hyperparameters
from automl.training.recipe import Recipe, rate_factor


def recipe(**settings: object) -> Recipe:
    return Recipe.read(Hyperparameters(**settings))  # type: ignore[arg-type]


COSINE = recipe(number_of_epochs=10, warmup_cosine_lr_warmup_epochs=2)
STEP = recipe(learning_rate_scheduler="step", step_lr_gamma=0.5, step_lr_step_size=3)


def test_warm_up_rises_evenly_to_the_full_rate() -> None:
    # 10 of 50 updates warm up: update s, counted from 1, has s / 10
    assert [rate_factor(update, COSINE, 5) for update in range(10)] == [
        s / 10 for s in range(1, 11)
    ]


def test_cosine_follows_its_formula_after_the_warm_up() -> None:
    # 100 updates of which 20 warm up; update 40 is a quarter of the rest later
    expected = 0.5 * (1 + math.cos(2 * math.pi * 0.45 * 0.25))
    assert rate_factor(39, COSINE, 10) == pytest.approx(expected)


def test_cosine_with_the_default_cycles_ends_near_a_fortieth() -> None:
    assert rate_factor(99, COSINE, 10) == pytest.approx(0.0245, abs=1e-4)


def test_step_multiplies_after_every_so_many_epochs() -> None:
    factors = [rate_factor(epoch * 7, STEP, 7) for epoch in range(7)]
    assert factors == [1, 1, 1, 0.5, 0.5, 0.5, 0.25]


def test_no_scheduler_keeps_the_rate() -> None:
    constant = recipe(learning_rate_scheduler="none")
    assert {rate_factor(update, constant, 3) for update in range(100)} == {1.0}
