"""Every key of a job with values that it may not have: each problem is said in our own words."""

import copy
import math
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticKnownError
from pydantic_core.core_schema import ErrorType

from automl.errors import UserError
from automl.jobs.distributions import NAMES
from automl.jobs.hyperparameters import FIELDS
from automl.jobs.job import Job
from automl.jobs.job_errors import JobError, _parts

VALUES = [
    *(None, [], {}, "", "x", -1, 0, math.inf, math.nan, True, 10**30),
    *([[1]], {"a": {"b": 1}}, [None]),
]
ALIKE = ("greater_than", "less_than", "multiple_of", "finite_number")
"""Beginnings of the kinds of errors for which our words are those of pydantic."""

Place = tuple[Any, ...]


def places() -> Iterator[tuple[dict[str, Any], Place]]:
    """Jobs, and a place in each that gets another value."""
    for place in of_model(Job):
        yield {}, place
    yield from hyperparameters()
    for policy in ("bandit", "median_stopping", "truncation_selection", "asha"):
        sweep = {"sampling_algorithm": "random", "early_termination": {"type": policy}}
        for key in ("delay_evaluation", "slack_factor", "truncation_percentage"):
            yield {"sweep": sweep}, ("sweep", "early_termination", key)
    for section in ("datastores", "tags", "model_aliases", "services"):
        yield {section: {}}, (section, "k")
    for key in ("relabel", "add", "move", "rename_labels", "notes"):
        yield {"corrections": {key: {}}}, ("corrections", key, "k")


def hyperparameters() -> Iterator[tuple[dict[str, Any], Place]]:
    for name in FIELDS:
        yield {}, ("training_parameters", name)
        yield {"search_space": [{}]}, ("search_space", 0, name)
    for kind, model in NAMES.items():
        for key in model.model_fields:
            yield (
                {"search_space": [{"learning_rate": {"type": kind}}]},
                ("search_space", 0, "learning_rate", key),
            )


def of_model(model: type[BaseModel], above: Place = ()) -> Iterator[Place]:
    for name, field in model.model_fields.items():
        place = (*above, field.alias or name)
        yield place
        for kind in _parts(field.annotation):
            if isinstance(kind, type) and issubclass(kind, BaseModel) and len(place) < 4:
                yield from of_model(kind, place)


def put(data: Any, place: Place, value: Any) -> None:
    *above, last = place
    for part in above:
        data = data[part] if isinstance(part, int) else data.setdefault(part, {})
    data[last] = value


def problems(data: dict[str, Any]) -> list[tuple[str, str]]:
    """Key and sentence of each problem of a job."""
    try:
        Job.from_dict(data)
    except JobError as error:
        return [(problem.key, problem.message) for problem in error.problems]
    except UserError as error:
        return [("", str(error))]
    return []


def words_of_pydantic() -> list[str]:
    """The fixed beginnings of pydantic's sentences, as they would stand in ours."""
    found = {"It should have at", "or instance of"}
    for kind in get_args(ErrorType):
        if kind.startswith(ALIKE):
            continue
        try:
            template = PydanticKnownError(kind).message_template
        except TypeError:  # it is not made without values
            continue
        found.add(template.replace("Input ", "It ", 1).partition("{")[0].strip())
    return sorted(each for each in found if len(each) > 9)


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_no_value_is_refused_in_the_words_of_a_library(value: Any) -> None:
    theirs, wrong = words_of_pydantic(), []
    for given, place in places():
        data = copy.deepcopy({"training_data": {"path": "/data"}, **given})
        try:
            put(data, place, value)
        except (AttributeError, TypeError):  # below a value that is no section
            continue
        for key, sentence in problems(data):
            is_theirs = any(words in sentence for words in theirs)
            is_type = key.rpartition(".")[2] in ("str", "int", "float", "bool") or "[" in key
            if is_theirs or is_type or not sentence.rstrip().endswith((".", "'")):
                wrong.append((place, key, sentence))
    assert wrong == []


@pytest.mark.parametrize(
    ("place", "value", "sentence"),
    [
        (("limits", "max_trials"), "x", "max_trials is 'x'. It should be a whole number."),
        (("validation_data_size",), [], "validation_data_size is []. It should be a number."),
        (("limits", "stop_when_no_gain"), "x", "It should be true or false."),
        (("limits",), [], "limits is []. It should be a section: keys, each with its value."),
        (("allowed_licences",), {}, "allowed_licences is {}. It should be a list."),
        (("name",), ["x" * 99], "It should be text."),
    ],
)
def test_a_value_of_another_type_is_refused_with_what_is_allowed(
    place: Place, value: Any, sentence: str
) -> None:
    data: dict[str, Any] = {"training_data": {"path": "/data"}}
    put(data, place, value)
    ((key, said),) = problems(data)
    assert key == ".".join(place)
    assert said.endswith(sentence)
    assert len(said) < 140


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([], "values is empty. Write at least one value."),
        ([[1]], "values has [1]. Each of them should be a number, text, true or false."),
    ],
)
def test_a_choice_of_nothing_and_a_choice_of_lists(values: list[Any], sentence: str) -> None:
    space = [{"learning_rate": {"type": "choice", "values": values}}]
    data = {"training_data": {"path": "/data"}, "search_space": space}
    ((key, said),) = problems(data)
    assert (key, said) == ("search_space.0.learning_rate", sentence)
