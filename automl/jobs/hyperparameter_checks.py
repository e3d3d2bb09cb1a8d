"""Check the hyperparameters of a job file: constants, and what a search space may hold."""

import difflib
import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, TypeAdapter, ValidationError, create_model
from pydantic_core import InitErrorDetails, PydanticCustomError

from automl.errors import UserError
from automl.frozen_model import FrozenModel
from automl.jobs import azure_values
from automl.jobs.distributions import Choice, Distribution, RandInt, from_text
from automl.jobs.hyperparameters import FIELDS, NO_EFFECT_HERE, RENAMED, is_searchable
from automl.jobs.job_errors import Place, explain
from automl.texts import mark


def _readers(kind: type) -> list[BeforeValidator]:
    readers = {int: azure_values.whole, float: azure_values.number}
    return [BeforeValidator(readers[kind])] if kind in readers else []


# the fields of Hyperparameters without their defaults, so that unset ones can be told apart
_Partial = create_model(
    "TrainingParameters",
    __base__=FrozenModel,
    **{  # type: ignore[call-overload]
        name: (
            Annotated[
                (field.annotation, *field.metadata, *_readers(type(field.default)), "optional")
            ],
            None,
        )
        for name, field in FIELDS.items()
    },
    **{
        name: (Annotated[(kind, *_readers(kind), "optional")], None)
        for name, kind in NO_EFFECT_HERE.items()
    },
)

_DISTRIBUTION: TypeAdapter[Any] = TypeAdapter(Distribution)
_NUM_LOOKED_AT = 20


def check_fixed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the typed values of `training_parameters`.

    Raises:
        pydantic.ValidationError: one error for every key that is unknown or out of range.
    """
    try:
        return dict(_Partial.model_validate(values).model_dump(exclude_unset=True))
    except ValidationError as error:
        problems = [
            _problem(
                unknown_key(str(detail["loc"][-1]))
                if detail["type"] == "extra_forbidden"
                else explain(detail),
                detail["loc"],
                detail["input"],
            )
            for detail in error.errors()
        ]
        raise ValidationError.from_exception_data("training_parameters", problems) from None


def check_search_space(entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the sub-spaces of `search_space`, their values constants or distributions.

    Raises:
        pydantic.ValidationError: one error for every value that is unknown or not searchable so.
    """
    problems: list[InitErrorDetails] = []
    sub_spaces: list[dict[str, Any]] = []
    for index, entry in enumerate(entries):
        sub_space: dict[str, Any] = {}
        for name, value in entry.items():
            try:
                sub_space[name] = _check_searched(name, value)
            except (UserError, ValidationError) as error:
                problems += _problems(error, (index, name), value)
        sub_spaces.append(sub_space)
    if problems:
        raise ValidationError.from_exception_data("search_space", problems)
    return sub_spaces


def unknown_key(name: str) -> str:
    """Return a sentence about a hyperparameter that does not exist or cannot be searched."""
    if name in RENAMED:
        return mark(f"{name} is now called {RENAMED[name]}.")
    if name in NO_EFFECT_HERE or (name in FIELDS and not is_searchable(name)):
        return mark(f"{name} cannot be searched over; put it under training_parameters.")
    nearest = difflib.get_close_matches(name, FIELDS, n=1)
    hint = (
        mark(f"Did you mean {nearest[0]}?") if nearest else mark(f"There are {', '.join(FIELDS)}.")
    )
    return mark(f"{name} is not a hyperparameter. {hint}")


def _check_searched(name: str, value: Any) -> Any:
    """Return a constant or a distribution of a search space, typed.

    A distribution may leave the range: the trials beyond it fail (`search_space_risk`).

    Raises:
        UserError: the hyperparameter cannot be searched, or not with this distribution.
        pydantic.ValidationError: a value of a choice is out of range, or a whole distribution.
    """
    if not is_searchable(name):
        raise UserError(unknown_key(name))
    if isinstance(value, str):
        value = from_text(value)
    if not isinstance(value, Mapping):
        return _check_constant(name, value)
    if isinstance(value.get("type"), str):
        value = {**value, "type": value["type"].lower()}
    distribution: Any = _DISTRIBUTION.validate_python(value)
    _check_kind(name, distribution)
    try:
        constants = _check_constants(name, distribution.examples())
    except ValidationError:
        if "log" in distribution.type and (advice := _plain_bounds(name, distribution)):
            raise UserError(advice) from None
        if isinstance(distribution, Choice) or not _is_partly_allowed(name, distribution):
            raise
        return distribution
    return Choice(type="choice", values=constants) if value["type"] == "choice" else distribution


def _is_partly_allowed(name: str, distribution: Any) -> bool:
    """True if a bound of the distribution is in the range, or what is drawn in between."""
    drawn = (distribution.at(number / _NUM_LOOKED_AT) for number in range(1, _NUM_LOOKED_AT))
    return any(_is_allowed(name, value) for value in (*distribution.examples(), *drawn))


def _is_allowed(name: str, value: Any) -> bool:
    try:
        _check_constant(name, value)
    except ValidationError:
        return False
    return True


def _check_constants(name: str, values: Sequence[Any]) -> list[Any]:
    """Return the values, typed; one error holds the problems of all of them."""
    typed, problems = [], []
    for value in values:
        try:
            typed.append(_check_constant(name, value))
        except ValidationError as error:
            problems += _problems(error, (), value)
    if problems:
        raise ValidationError.from_exception_data(name, problems)
    return typed


def _check_constant(name: str, value: Any) -> Any:
    return _Partial.model_validate({name: value}).model_dump()[name]


def _plain_bounds(name: str, distribution: Any) -> str:
    """Return a sentence about plain values in the place of logarithms; empty if it is not that."""
    keys = ("min_value", "max_value") if hasattr(distribution, "min_value") else ("mu",)
    bounds = [getattr(distribution, key) for key in keys]
    if min(bounds) <= 0:
        return ""
    given = " and ".join(f"{key} {bound:g}" for key, bound in zip(keys, bounds, strict=True))
    drawn = " to ".join(f"{value:.4g}" for value in distribution.examples())
    meant = ", ".join(
        f"{key}: {math.log(bound):.4g}" for key, bound in zip(keys, bounds, strict=True)
    )
    return mark(
        f"{name} is {distribution.type} with {given}. These are natural logarithms: the values "
        f"would be {drawn}, out of range. If you mean the plain values, write {meant}."
    )


def _check_kind(name: str, distribution: Any) -> None:
    """Refuse a distribution whose draws are not of the hyperparameter's type."""
    kind = type(FIELDS[name].default)
    if isinstance(distribution, Choice) or kind is float:
        return
    if kind is not int:
        raise UserError(f"{name} cannot be {distribution.type}; use choice with a list of values.")
    steps = [getattr(distribution, key, 0.0) for key in ("q", "min_value", "max_value")]
    draws_integers = isinstance(distribution, RandInt) or (
        distribution.type.startswith("q") and all(float(step).is_integer() for step in steps)
    )
    if not draws_integers:
        raise UserError(
            f"{name} is a whole number, which {distribution.type} does not give here. "
            "Use choice, randint, or quniform with whole min_value, max_value and q."
        )


def _problems(
    error: UserError | ValidationError, place: Place, value: Any
) -> list[InitErrorDetails]:
    """Return every problem of an error, each below its place in the search space."""
    if not isinstance(error, ValidationError):
        return [_problem(str(error), place, value)]
    problems = []
    for detail in error.errors():
        key = detail["loc"][-1:] if detail["type"] in ("missing", "extra_forbidden") else ()
        text = explain({**detail, "loc": detail["loc"] or place[-1:]})
        problems.append(_problem(text, (*place, *key), detail["input"]))
    return problems


def _problem(text: str, place: Place, value: Any) -> InitErrorDetails:
    kind = PydanticCustomError("value_error", "{text}", {"text": text})
    return {"type": kind, "loc": place, "input": value}
