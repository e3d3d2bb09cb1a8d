"""Problems of a job file, with key and line, in sentences that say what to do."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from automl.errors import UserError
from automl.frozen_model import FrozenModel
from automl.jobs.azure import RENAMED
from automl.texts import mark

Place = tuple[str | int, ...]
"""Keys and list positions that lead to a value of the file."""


class Problem(FrozenModel):
    """One problem of a job file."""

    key: str
    line: int | None
    message: str


class JobError(UserError):
    """The job cannot be run; one problem for every reason."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(_sentence(problem) for problem in problems))
        self.problems = problems


def _sentence(problem: Problem) -> str:
    if problem.line:
        return mark(f"Line {problem.line}, {problem.key}: {problem.message}")
    return f"{problem.key}: {problem.message}"


def problems(
    error: ValidationError, data: Any, model: type[BaseModel], lines: Mapping[Place, int]
) -> list[Problem]:
    """Return every problem of a validation error, in the order of the file.

    Args:
        error: error of pydantic.
        data: content that was validated.
        model: schema of the content.
        lines: line of each known place.
    """
    problems = []
    for detail in error.errors():
        place = _place_in_file(detail["loc"], data)
        message = explain({**detail, "loc": place})
        if detail["type"] == "extra_forbidden":
            message = _unknown_key(place, data, model)
        problems.append(problem(place, message, lines))
    return sorted(problems, key=lambda problem: problem.line or 0)


def problem(place: Place, message: str, lines: Mapping[Place, int]) -> Problem:
    """Return a problem with its line, or the line of the section around it."""
    known = next((place[:n] for n in range(len(place), 0, -1) if place[:n] in lines), None)
    line = lines[known] if known else None
    return Problem(key=dotted(place) or "job", line=line, message=message)


def explain(detail: Mapping[str, Any]) -> str:
    """Return a sentence with the value, what is allowed and what to do, from pydantic's details."""
    value, key = detail["input"], detail["loc"][-1] if detail["loc"] else "job"
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        return mark(f"{key} is missing. Add it.")
    if kind == "union_tag_not_found":
        return mark("type is missing. Add it.")
    if kind == "union_tag_invalid":
        return mark(f"type is {context['tag']!r}; allowed is {context['expected_tags']}.")
    if kind == "literal_error":
        return mark(f"{key} is {value!r}; allowed is {context['expected']}.")
    if kind == "value_error":
        return str(detail["msg"]).removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return mark(f"{key} is not a key we know here. Remove it.")
    if kind == "string_type" and type(value) in (int, float):
        return mark(
            f"{key} is the number {value!r}. It should be text: write '{value}', in quotes."
        )
    return f"{key} is {value!r}. {detail['msg'].replace('Input ', 'It ', 1)}."


_BY_PYDANTIC = (
    mark("{key} is {value}. It should be greater than {limit}."),
    mark("{key} is {value}. It should be greater than or equal to {limit}."),
    mark("{key} is {value}. It should be less than {limit}."),
    mark("{key} is {value}. It should be less than or equal to {limit}."),
    mark("{key} is {value}. It should be a multiple of {limit}."),
    mark("{key} is {value}. It should be a finite number."),
    mark("{key} is {value}. It should be a valid integer."),
    mark("{key} is {value}. It should be a valid integer, unable to parse string as an integer."),
    mark("{key} is {value}. It should be a valid integer, got a number with a fractional part."),
    mark("{key} is {value}. It should be a valid number."),
    mark("{key} is {value}. It should be a valid number, unable to parse string as a number."),
    mark("{key} is {value}. It should be a valid boolean."),
    mark("{key} is {value}. It should be a valid boolean, unable to interpret input."),
    mark("{key} is {value}. It should be a valid string."),
    mark("{key} is {value}. It should be a valid list."),
    mark("{key} is {value}. It should be a valid dictionary."),
    mark("{key} is {value}. It should be a valid dictionary or instance of {kind}."),
    mark("{key} is {value}. It is not a valid path."),
)
"""Sentences of `explain` with words of pydantic's, as `again` of `texts.py` finds them."""


def not_known(key: str, allowed: Sequence[str]) -> str:
    """Return a sentence about a key that does not exist."""
    nearest = difflib.get_close_matches(key, allowed, n=1)
    hint = (
        mark(f"Did you mean {nearest[0]}?")
        if nearest
        else mark(f"Allowed are {', '.join(allowed)}.")
    )
    return mark(f"{key} is not a key we know here. {hint}")


def _unknown_key(place: Place, data: Any, model: type[BaseModel]) -> str:
    key = str(place[-1])
    if key in RENAMED:
        return mark(f"{key} is an earlier name. Write {RENAMED[key]} instead.")
    section: type[BaseModel] = model
    for part in place[:-1]:
        data = data[part]
        section = next(iter(_models(section, part, data)), section)
    return not_known(key, [field.alias or name for name, field in section.model_fields.items()])


def _models(model: type[BaseModel], key: Any, data: Any) -> Iterator[type[BaseModel]]:
    """Yield the schemas allowed under a key; of several the one whose `type` the data names."""
    field = model.model_fields.get(str(key))
    kinds = [kind for kind in _parts(field.annotation) if isinstance(kind, type)] if field else []
    for kind in kinds:
        if issubclass(kind, BaseModel):
            tag = kind.model_fields.get("type")
            if len(kinds) < 3 or tag is None or _tag_of(data) in get_args(tag.annotation):
                yield kind


def _parts(annotation: Any) -> Iterator[Any]:
    parts = get_args(annotation)
    if not parts or isinstance(annotation, type):
        yield annotation
    for part in parts:
        yield from _parts(part)


def _place_in_file(place: Place, data: Any) -> Place:
    """Return a place without the `type`s that pydantic puts between a section and its keys."""
    kept: list[str | int] = []
    for part in place:
        if isinstance(data, dict) and part not in data and part == _tag_of(data):
            continue
        kept.append(part)
        try:
            data = data[part]
        except (LookupError, TypeError):
            data = None
    return tuple(kept)


def _tag_of(data: Any) -> Any:
    kind = data.get("type") if isinstance(data, dict) else None
    return kind.lower() if isinstance(kind, str) else kind


def dotted(place: Place) -> str:
    """Return a place as one key: `search_space.0.momentum`."""
    return ".".join(str(part) for part in place)
