"""Draw hyperparameters from a search space: a list of sub-spaces, each with its own keys."""

import itertools
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from automl.jobs.distributions import DISTRIBUTIONS, Choice, Constant, RandInt, Steps, draws_from
from automl.texts import mark

SubSpace = Mapping[str, Any]  # hyperparameter -> Constant or Distribution


def draws(
    sub_spaces: Sequence[SubSpace], number: int, *, seed: int, rule: str = "random"
) -> list[dict[str, Constant]]:
    """Draw sets of hyperparameters: a sub-space, all equally likely, then a value for each key.

    Args:
        sub_spaces: the search space.
        number: how many sets; a smaller number gives the first of a larger one.
        seed: equal seeds give equal draws.
        rule: random, or sobol for a sequence that covers the space evenly.
    """
    points = _shares(number, _num_dimensions(sub_spaces), seed, rule)
    return [_at(sub_spaces, point) for point in points]


def sketched(sub_spaces: Sequence[SubSpace], number: int) -> list[dict[str, Constant]]:
    """Draw for an estimate: other sets than `draws`, but without numpy, which is slow to import."""
    chance, num_dimensions = random.Random(0), _num_dimensions(sub_spaces)
    return [
        _at(sub_spaces, [chance.random() for _ in range(num_dimensions)]) for _ in range(number)
    ]


def _num_dimensions(sub_spaces: Sequence[SubSpace]) -> int:
    return 1 + max(len(sub_space) for sub_space in sub_spaces)


def _at(sub_spaces: Sequence[SubSpace], point: Sequence[float]) -> dict[str, Constant]:
    """Return what a point of the unit cube stands for: a sub-space, and values of its keys."""
    first, *shares = point
    sub_space = sub_spaces[int(first * len(sub_spaces))]
    return {
        name: value.at(share) if isinstance(value, DISTRIBUTIONS) else value
        for (name, value), share in zip(sub_space.items(), shares, strict=False)
    }


def _shares(number: int, dimensions: int, seed: int, rule: str) -> list[list[float]]:
    """Return points of the unit cube, (number, dimensions)."""
    if rule == "sobol":
        from scipy.stats import qmc  # takes a second to import

        sequence = qmc.Sobol(dimensions, rng=seed)
        points: list[list[float]] = sequence.random_base2(math.ceil(math.log2(number))).tolist()
        return points[:number]
    import numpy as np

    generator = np.random.default_rng(seed)
    independent: list[list[float]] = generator.random((number, dimensions)).tolist()
    return independent


def values(value: Any) -> list[Constant]:
    """Return every possible value of a constant or of a distribution with steps."""
    if isinstance(value, Choice):
        return value.values
    if isinstance(value, RandInt):
        return list(range(value.upper))
    if isinstance(value, Steps):
        low, high = (float(bound) for bound in value.examples())
        return [low + step * value.q for step in range(round((high - low) / value.q) + 1)]
    return [value]


def refusal(name: str, value: Any, algorithm: str) -> str | None:
    """Return why a sampling algorithm cannot draw the value; None if it can."""
    if not isinstance(value, DISTRIBUTIONS) or draws_from(algorithm, value.type):
        return None
    if algorithm == "grid":
        return mark(
            f"{name} is {value.type}, which a grid cannot enumerate. "
            "Use choice for every hyperparameter, or sampling_algorithm: random."
        )
    return mark(
        f"{name} is {value.type}, which has no bounds for sampling_algorithm: bayesian to "
        "search between. Use uniform, quniform, loguniform, choice or randint, or "
        "sampling_algorithm: random."
    )


def grid_size(sub_spaces: Sequence[SubSpace]) -> int:
    """Return the number of combinations of `grid`."""
    return sum(
        math.prod(len(values(value)) for value in sub_space.values()) for sub_space in sub_spaces
    )


def grid(sub_spaces: Sequence[SubSpace]) -> Iterator[dict[str, Constant]]:
    """Yield every combination of each sub-space, one sub-space after the other.

    The values are choices and constants only; see `refusal`.
    """
    for sub_space in sub_spaces:
        axes = [values(value) for value in sub_space.values()]
        for combination in itertools.product(*axes):
            yield dict(zip(sub_space, combination, strict=True))
