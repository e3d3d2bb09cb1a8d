"""Distributions of a hyperparameter, as objects and as text.

Their meaning is that of Azure's sweep schema: the bounds of log distributions are natural
logarithms, `randint` excludes its upper end, `q` rounds to multiples of q. A value is drawn with
the inverse of the distribution function: a quarter of all draws is below `at(0.25)`.
"""

import math
import re
from statistics import NormalDist
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import ConfigDict, Field, field_validator, model_validator

from automl.errors import UserError
from automl.frozen_model import FrozenModel

Constant = str | int | float | bool
_TAIL = 1e-12
"""Distance of a share from 0 and 1, where a normal distribution is infinite."""


class Choice(FrozenModel):
    """One of the values, all equally likely."""

    type: Literal["choice"]
    values: list[Constant] = Field(min_length=1)

    @field_validator("values", mode="before")
    @classmethod
    def _are_constants(cls, values: Any) -> Any:
        for value in values if isinstance(values, list) else []:
            if not isinstance(value, Constant):
                raise UserError(
                    f"values has {value!r}. Each of them should be a number, text, true or false."
                )
        return values

    def at(self, share: float) -> Constant:
        """Return the value below which `share` of all draws are."""
        return self.values[int(share * len(self.values))]

    def examples(self) -> list[Constant]:
        """Return values to check against the range of the hyperparameter."""
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
    """Base of the continuous distributions: a raw draw, then exp, then rounding, by mixins."""

    model_config = ConfigDict(allow_inf_nan=False)

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
            raise UserError(
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
    sigma: float = Field(ge=0)
    """0 always gives `mu`."""

    def raw(self, share: float) -> float:
        return self.mu + self.sigma * NormalDist().inv_cdf(min(max(share, _TAIL), 1 - _TAIL))

    def raw_examples(self) -> list[float]:
        return [self.mu]


class _Exp(_Continuous):
    def shaped(self, value: float) -> float:
        return math.exp(value)


class Steps(_Continuous):
    """Base of the distributions whose values are multiples of `q`."""

    q: float = Field(gt=0)

    def shaped(self, value: float) -> float:
        steps = round(super().shaped(value) / self.q) * self.q
        return int(steps) if self.q.is_integer() else steps


class Uniform(_Range):
    """Any value between the bounds, all equally likely."""

    type: Literal["uniform"]


class QUniform(Steps, _Range):
    """`uniform` rounded to multiples of `q`."""

    type: Literal["quniform"]


class LogUniform(_Exp, _Range):
    """exp of `uniform`: the bounds are natural logarithms."""

    type: Literal["loguniform"]


class QLogUniform(Steps, _Exp, _Range):
    """`loguniform` rounded to multiples of `q`."""

    type: Literal["qloguniform"]


class Normal(_Bell):
    """The normal distribution."""

    type: Literal["normal"]


class QNormal(Steps, _Bell):
    """`normal` rounded to multiples of `q`."""

    type: Literal["qnormal"]


class LogNormal(_Exp, _Bell):
    """exp of `normal`."""

    type: Literal["lognormal"]


class QLogNormal(Steps, _Exp, _Bell):
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
"""Distributions between two bounds."""

NAMES: dict[str, type[FrozenModel]] = {
    get_args(kind.model_fields["type"].annotation)[0]: kind for kind in DISTRIBUTIONS
}
"""Every distribution by its name in a job."""

_ARGUMENTS = ("upper", "min_value", "max_value", "mu", "sigma", "q")


def draws_from(algorithm: str, kind: str) -> bool:
    """Return True if a sampling algorithm can draw from a kind of distribution."""
    if kind not in NAMES or kind == "choice":
        return True
    has_bounds = not issubclass(NAMES[kind], _Bell)
    return algorithm == "random" or (algorithm == "bayesian" and has_bounds)


def arguments(kind: str) -> list[str]:
    """Return the keys of a distribution, in the order in which they are written as text."""
    return [key for key in _ARGUMENTS if key in NAMES[kind].model_fields]


def from_text(text: str) -> Any:
    """Parse a value as Azure's designer writes it: `uniform(0.001,0.01)`, `choice(15, 30)`.

    Commas, spaces and parentheses all separate, as in the designer; quotes are dropped.

    Returns:
        A distribution as a mapping of its keys; any other text, such as `resnet18`, unchanged.

    Raises:
        UserError: there is no such distribution, or its arguments are others.
    """
    name, *words = [word for word in re.split(r"[\s,()]+", text) if word] or [text]
    if not words:
        return text
    kind = name.lower()
    if kind not in NAMES:
        raise UserError(f"{text} is not a distribution. There are {', '.join(NAMES)}.")
    values = [_argument(word) for word in words]
    if kind == "choice":
        return {"type": kind, "values": values}
    keys = arguments(kind)
    if len(keys) != len(values):
        raise UserError(f"{text} has the wrong arguments. Write {kind}({', '.join(keys)}).")
    return {"type": kind, **dict(zip(keys, values, strict=True))}


def _argument(word: str) -> Constant:
    """Return a word as an integer, a number, a boolean, or the text without quotes."""
    for read in (int, float):
        try:
            return read(word)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(word.lower(), word.strip("'\""))
