"""Distributions and conditional sub-spaces, and how to draw from them. Pure.

The meaning of every distribution is that of Azure's sweep schema: the bounds of the log
distributions are logarithms, `randint` excludes its upper end, `q` rounds to its multiples.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from automl.frozen import FrozenModel

if TYPE_CHECKING:
    import numpy as np

Constant = str | int | float | bool


class Choice(FrozenModel):
    """One of the values, each as likely as the other."""

    type: Literal["choice"]
    values: list[Constant] = Field(min_length=1)

    def sample(self, rng: "np.random.Generator") -> Constant:
        return self.values[rng.integers(len(self.values))]

    def examples(self) -> list[Constant]:
        return self.values


class RandInt(FrozenModel):
    """An integer from 0 to `upper` - 1."""

    type: Literal["randint"]
    upper: int = Field(ge=1)

    def sample(self, rng: "np.random.Generator") -> int:
        return int(rng.integers(self.upper))

    def examples(self) -> list[Constant]:
        return [0, self.upper - 1]


class _Continuous(FrozenModel):
    """A raw draw (uniform or normal), shaped by the mixins: first exp, then rounding."""

    def sample(self, rng: "np.random.Generator") -> float:
        return self.shaped(self.raw(rng))

    def examples(self) -> list[Constant]:
        return [self.shaped(value) for value in self.raw_examples()]

    def shaped(self, value: float) -> float:
        return value

    def raw(self, rng: "np.random.Generator") -> float:
        raise NotImplementedError

    def raw_examples(self) -> list[float]:
        raise NotImplementedError


class _Range(_Continuous):
    min_value: float
    max_value: float

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.min_value > self.max_value:
            raise ValueError(
                f"min_value is {self.min_value:g} but max_value is only {self.max_value:g}. "
                "Swap them or raise max_value."
            )
        return self

    def raw(self, rng: "np.random.Generator") -> float:
        return float(rng.uniform(self.min_value, self.max_value))

    def raw_examples(self) -> list[float]:
        return [self.min_value, self.max_value]


class _Bell(_Continuous):
    mu: float
    sigma: float = Field(gt=0)

    def raw(self, rng: "np.random.Generator") -> float:
        return float(rng.normal(self.mu, self.sigma))

    def raw_examples(self) -> list[float]:
        return [self.mu]


class _Exp(_Continuous):
    def shaped(self, value: float) -> float:
        return math.exp(value)


class _Steps(_Continuous):
    q: float = Field(gt=0)

    def shaped(self, value: float) -> float:
        steps = round(super().shaped(value) / self.q) * self.q
        return int(steps) if self.q.is_integer() else steps


class Uniform(_Range):
    """Anything between the bounds, evenly."""

    type: Literal["uniform"]


class QUniform(_Steps, _Range):
    """`uniform` rounded to multiples of `q`."""

    type: Literal["quniform"]


class LogUniform(_Exp, _Range):
    """exp of `uniform`: the bounds are natural logarithms."""

    type: Literal["loguniform"]


class QLogUniform(_Steps, _Exp, _Range):
    """`loguniform` rounded to multiples of `q`."""

    type: Literal["qloguniform"]


class Normal(_Bell):
    """The normal distribution."""

    type: Literal["normal"]


class QNormal(_Steps, _Bell):
    """`normal` rounded to multiples of `q`."""

    type: Literal["qnormal"]


class LogNormal(_Exp, _Bell):
    """exp of `normal`."""

    type: Literal["lognormal"]


class QLogNormal(_Steps, _Exp, _Bell):
    """`lognormal` rounded to multiples of `q`."""

    type: Literal["qlognormal"]


Distribution = Annotated[
    Choice
    | RandInt
    | Uniform
    | QUniform
    | LogUniform
    | QLogUniform
    | Normal
    | QNormal
    | LogNormal
    | QLogNormal,
    Field(discriminator="type"),
]
DISTRIBUTIONS = (
    Choice,
    RandInt,
    Uniform,
    QUniform,
    LogUniform,
    QLogUniform,
    Normal,
    QNormal,
    LogNormal,
    QLogNormal,
)

SubSpace = Mapping[str, Any]  # hyperparameter name -> Constant or Distribution


def draw(sub_spaces: Sequence[SubSpace], rng: "np.random.Generator") -> dict[str, Constant]:
    """One set of hyperparameters: a sub-space first, each as likely, then a value for each key."""
    sub_space = sub_spaces[int(rng.integers(len(sub_spaces)))]
    return {
        name: value.sample(rng) if isinstance(value, DISTRIBUTIONS) else value
        for name, value in sub_space.items()
    }


def grid(sub_spaces: Sequence[SubSpace]) -> Iterator[dict[str, Constant]]:
    """The full cross product of every sub-space, one sub-space after the other.

    Raises:
        ValueError: a distribution has no finite list of values.
    """
    for sub_space in sub_spaces:
        for name, value in sub_space.items():
            if isinstance(value, DISTRIBUTIONS) and not isinstance(value, Choice):
                raise ValueError(
                    f"{name} is {value.type}, which a grid cannot enumerate. "
                    "Use choice for every hyperparameter, or sampling_algorithm: random."
                )
        axes = [
            value.values if isinstance(value, Choice) else [value] for value in sub_space.values()
        ]
        for values in itertools.product(*axes):
            yield dict(zip(sub_space, values, strict=True))
