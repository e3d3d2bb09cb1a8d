"""Distributions and conditional sub-spaces, and how to draw from them. Pure.

The meaning of every distribution is that of Azure's sweep schema: the bounds of the log
distributions are logarithms, `randint` excludes its upper end, `q` rounds to its multiples.
A value is drawn by its share: `at(0.25)` is the value that a quarter of all draws lie below.
"""

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from statistics import NormalDist
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, model_validator

from automl.errors import UserError
from automl.frozen_model import FrozenModel

Constant = str | int | float | bool
_TAIL = 1e-12  # a normal distribution has no value at 0 and 1


class Choice(FrozenModel):
    """One of the values, each as likely as the other."""

    type: Literal["choice"]
    values: list[Constant] = Field(min_length=1)

    def at(self, share: float) -> Constant:
        return self.values[int(share * len(self.values))]

    def examples(self) -> list[Constant]:
        return self.values


class RandInt(FrozenModel):
    """An integer from 0 to `upper` - 1."""

    type: Literal["randint"]
    upper: int = Field(ge=1)

    def at(self, share: float) -> int:
        return int(share * self.upper)

    def examples(self) -> list[Constant]:
        return [0, self.upper - 1]


class _Continuous(FrozenModel):
    """A raw draw (uniform or normal), shaped by the mixins: first exp, then rounding."""

    def at(self, share: float) -> float:
        return self.shaped(self.raw(share))

    def examples(self) -> list[Constant]:
        return [self.shaped(value) for value in self.raw_examples()]

    def shaped(self, value: float) -> float:
        return value

    def raw(self, share: float) -> float:
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

    def raw(self, share: float) -> float:
        return self.min_value + share * (self.max_value - self.min_value)

    def raw_examples(self) -> list[float]:
        return [self.min_value, self.max_value]


class _Bell(_Continuous):
    mu: float
    sigma: float = Field(gt=0)

    def raw(self, share: float) -> float:
        return NormalDist(self.mu, self.sigma).inv_cdf(min(max(share, _TAIL), 1 - _TAIL))

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

BOUNDED = (Uniform, QUniform, LogUniform, QLogUniform)
"""Those that are drawn between two bounds."""

NAMES: dict[str, type[FrozenModel]] = {
    get_args(kind.model_fields["type"].annotation)[0]: kind for kind in DISTRIBUTIONS
}
"""Every distribution by its type."""

_ARGUMENTS = ("upper", "min_value", "max_value", "mu", "sigma", "q")

SubSpace = Mapping[str, Any]  # hyperparameter name -> Constant or Distribution


def draws(
    sub_spaces: Sequence[SubSpace], number: int, *, seed: int, rule: str = "random"
) -> list[dict[str, Constant]]:
    """Sets of hyperparameters: a sub-space first, each as likely, then a value for each key.

    Args:
        sub_spaces: what to draw from.
        number: how many; fewer are the first of more.
        seed: the same one draws the same.
        rule: random, or sobol for a sequence that covers the space evenly.
    """
    dimensions = 1 + max(len(sub_space) for sub_space in sub_spaces)
    drawn = []
    for first, *shares in _shares(number, dimensions, seed, rule):
        sub_space = sub_spaces[int(first * len(sub_spaces))]
        drawn.append(
            {
                name: value.at(share) if isinstance(value, DISTRIBUTIONS) else value
                for (name, value), share in zip(sub_space.items(), shares, strict=False)
            }
        )
    return drawn


def _shares(number: int, dimensions: int, seed: int, rule: str) -> list[list[float]]:
    if rule == "sobol":
        from scipy.stats import qmc  # takes a second to import

        sequence = qmc.Sobol(dimensions, rng=seed)
        shares: list[list[float]] = sequence.random_base2(math.ceil(math.log2(number))).tolist()
        return shares[:number]
    import numpy as np

    found: list[list[float]] = np.random.default_rng(seed).random((number, dimensions)).tolist()
    return found


def values(value: Any) -> list[Constant]:
    """Everything that can come of a constant or of a distribution with steps."""
    if isinstance(value, Choice):
        return value.values
    if isinstance(value, RandInt):
        return list(range(value.upper))
    if isinstance(value, _Steps):
        low, high = (float(bound) for bound in value.examples())
        return [low + step * value.q for step in range(round((high - low) / value.q) + 1)]
    return [value]


def draws_from(algorithm: str, kind: str) -> bool:
    """Whether a sampling algorithm can draw from a kind of distribution."""
    if kind not in NAMES or kind == "choice":
        return True
    has_bounds = not issubclass(NAMES[kind], _Bell)
    return algorithm == "random" or (algorithm == "bayesian" and has_bounds)


def refusal(name: str, value: Any, algorithm: str) -> str | None:
    """Why a sampling algorithm cannot draw the value; None where it can."""
    if not isinstance(value, DISTRIBUTIONS) or draws_from(algorithm, value.type):
        return None
    if algorithm == "grid":
        return (
            f"{name} is {value.type}, which a grid cannot enumerate. "
            "Use choice for every hyperparameter, or sampling_algorithm: random."
        )
    return (
        f"{name} is {value.type}, which has no bounds for sampling_algorithm: bayesian to "
        "search between. Use uniform, quniform, loguniform, choice or randint, or "
        "sampling_algorithm: random."
    )


def from_text(text: str) -> Any:
    """What Azure's designer writes as text: `uniform(0.001,0.01)`, `choice(15, 30)`, `resnet18`.

    Commas, spaces and parentheses all separate, as they do there; quotes are left out.

    Returns:
        A distribution as a mapping of its keys, or the constant as it was.

    Raises:
        UserError: there is no such distribution, or it takes other arguments.
    """
    name, *words = [word for word in re.split(r"[\s,()]+", text) if word] or [text]
    if not words:
        return text
    kind = name.lower()
    if kind not in NAMES:
        raise UserError(f"{text} is not a distribution. There are {', '.join(NAMES)}.")
    given = [_argument(word) for word in words]
    if kind == "choice":
        return {"type": kind, "values": given}
    keys = arguments(kind)
    if len(keys) != len(given):
        raise UserError(f"{text} has the wrong arguments. Write {kind}({', '.join(keys)}).")
    return {"type": kind, **dict(zip(keys, given, strict=True))}


def arguments(kind: str) -> list[str]:
    """Keys of a distribution, in the order in which they are written as text."""
    return [key for key in _ARGUMENTS if key in NAMES[kind].model_fields]


def _argument(word: str) -> Constant:
    for read in (int, float):
        try:
            return read(word)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(word.lower(), word.strip("'\""))


def grid_size(sub_spaces: Sequence[SubSpace]) -> int:
    """How many combinations `grid` has."""
    return sum(
        math.prod(len(values(value)) for value in sub_space.values()) for sub_space in sub_spaces
    )


def grid(sub_spaces: Sequence[SubSpace]) -> Iterator[dict[str, Constant]]:
    """The full cross product of every sub-space, one sub-space after the other.

    The values are choices and constants only; see `refusal`.
    """
    for sub_space in sub_spaces:
        axes = [values(value) for value in sub_space.values()]
        for combination in itertools.product(*axes):
            yield dict(zip(sub_space, combination, strict=True))
