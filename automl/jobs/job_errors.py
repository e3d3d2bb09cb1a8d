"""Problems of a job file, with key and line, in sentences that say what to do."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard, get_args

from pydantic import BaseModel, ValidationError

from automl.errors import UserError
from automl.frozen_model import FrozenModel
from automl.jobs.azure import RENAMED
from automl.jobs.hyperparameters import FIELDS
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
    problems, said = [], set[Place]()
    for detail in error.errors():
        place = _place_in_file(detail["loc"], data)
        if place != detail["loc"] and place in said:
            continue  # it has none of several types, and one sentence is enough
        said.add(place)
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
        return mark(f"{key} is {_shown(value)}; allowed is {context['expected']}.")
    if kind == "value_error":
        return str(detail["msg"]).removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return mark(f"{key} is not a key we know here. Remove it.")
    if kind == "string_type" and type(value) in (int, float):
        return mark(
            f"{key} is the number {value!r}. It should be text: write '{value}', in quotes."
        )
    return _in_our_words(detail, key)


def _in_our_words(detail: Mapping[str, Any], key: Any) -> str:
    shown, context = _shown(detail["input"]), detail.get("ctx", {})
    template = next((text for text, kinds in _SENTENCES.items() if detail["type"] in kinds), None)
    if template is None:
        return f"{key} is {shown}. {detail['msg'].replace('Input ', 'It ', 1)}."
    limit = next((context[name] for name in _LIMITS if name in context), "")
    return template.format(key=key, value=shown, limit=limit)


_SENTENCES = {
    mark("{key} is {value}. It should be greater than {limit}."): ["greater_than"],
    mark("{key} is {value}. It should be greater than or equal to {limit}."): [
        "greater_than_equal"
    ],
    mark("{key} is {value}. It should be less than {limit}."): ["less_than"],
    mark("{key} is {value}. It should be less than or equal to {limit}."): ["less_than_equal"],
    mark("{key} is {value}. It should be a multiple of {limit}."): ["multiple_of"],
    mark("{key} is {value}. It should be a finite number."): ["finite_number"],
    mark("{key} is {value}. It should be a whole number."): [
        *("int_type", "int_parsing", "int_from_float", "int_parsing_size"),
    ],
    mark("{key} is {value}. It should be a number."): ["float_type", "float_parsing"],
    mark("{key} is {value}. It should be true or false."): ["bool_type", "bool_parsing"],
    mark("{key} is {value}. It should be text."): ["string_type", "string_unicode"],
    mark("{key} is {value}. It should be the path of a file or folder."): ["path_type"],
    mark("{key} is {value}. It should be a list."): ["list_type", "tuple_type", "set_type"],
    mark("{key} is {value}. It should be a section: keys, each with its value."): [
        *("dict_type", "mapping_type", "model_type", "model_attributes_type"),
    ],
    mark("{key} is empty. Write at least one value."): ["too_short"],
    mark("{key} is {value}. It should have at most {limit} characters."): ["string_too_long"],
    mark("{key} has too many values. It should have at most {limit}."): ["too_long"],
}
"""Our sentence for each kind of pydantic's errors that the checks of a job can meet."""

_LIMITS = ("gt", "ge", "lt", "le", "multiple_of", "max_length")
_LONGEST = 60


def _shown(value: Any) -> str:
    """A value as a job file has it, cut if it is long."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _unknown_key(place: Place, data: Any, model: type[BaseModel]) -> str:
    """Return a sentence about a key that does not exist at its place."""
    key = str(place[-1])
    if key in RENAMED:
        return mark(f"{key} is an earlier name. Write {RENAMED[key]} instead.")
    section: type[BaseModel] = model
    for part in place[:-1]:
        data = data[part]
        section = next(iter(_models(section, part, data)), section)
    return mark(f"{key} is not a key we know here. {_hint(key, _keys(section), model)}")


def _hint(key: str, allowed: Sequence[str], model: type[BaseModel]) -> str:
    if key in _keys(model):
        return mark("Write it at the top level of the file.")
    sections = [
        name
        for name, field in model.model_fields.items()
        if any(key in _keys(kind) for kind in _parts(field.annotation) if _is_model(kind))
    ]
    if key in FIELDS:
        sections.append("training_parameters")
    if sections:
        return mark(f"Write it under {' or '.join(sections)}.")
    if nearest := difflib.get_close_matches(key, allowed, n=1):
        return mark(f"Did you mean {nearest[0]}?")
    return mark(f"Allowed are {', '.join(allowed)}.")


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _is_model(kind: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _models(model: type[BaseModel], key: Any, data: Any) -> Iterator[type[BaseModel]]:
    """Yield the schemas allowed under a key; of several the one whose `type` the data names."""
    field = model.model_fields.get(str(key))
    kinds = [kind for kind in _parts(field.annotation) if isinstance(kind, type)] if field else []
    for kind in kinds:
        if _is_model(kind):
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
    """Return a place without what pydantic adds to it: the `type` of a section before its keys, and
    behind a value the names of the types of which it may have one."""
    kept: list[str | int] = []
    for part in place:
        is_in_file = isinstance(data, dict) and part in data
        if isinstance(data, dict) and not is_in_file and part == _tag_of(data):
            continue
        if not is_in_file and isinstance(part, str) and _OF_UNION.fullmatch(part):
            continue
        kept.append(part)
        try:
            data = data[part]
        except (LookupError, TypeError):
            data = None
    return tuple(kept)


_OF_UNION = re.compile(r"str|int|float|bool|(list|dict|tuple|literal|function|constrained)\b.+")


def _tag_of(data: Any) -> Any:
    kind = data.get("type") if isinstance(data, dict) else None
    return kind.lower() if isinstance(kind, str) else kind


def dotted(place: Place) -> str:
    """Return a place as one key: `search_space.0.momentum`."""
    return ".".join(str(part) for part in place)
